//! How each CORS layer is told what it should answer.

use super::Fix;
use super::server::Server;

/// What a CORS layer should answer otherwise.
#[derive(Clone, Copy)]
pub(super) enum Change<'a> {
    /// Allow this origin.
    Origin(&'a str),
    /// Allow this origin with credentials.
    Credentials(&'a str),
    /// Allow these methods.
    Methods(Names<'a>),
    /// Allow these request headers.
    Headers(Names<'a>),
    /// Let the page read these response headers.
    Expose(&'a [&'a str]),
}

/// A list that has to grow: what it leaves out would be taken away.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    /// What it has already, in its order; empty where nothing tells.
    pub(super) there: &'a [&'a str],
    /// What it lacks.
    pub(super) wanted: &'a [&'a str],
}

impl<'a> Names<'a> {
    fn all(self) -> Vec<&'a str> {
        let lacking = self.wanted.iter().filter(|name| !self.there.contains(name));
        self.there.iter().chain(lacking).copied().collect()
    }

    /// The methods, and where nothing tells which are there, those that need no leave: a layer that
    /// is given a list refuses them too unless they are in it.
    fn methods(self) -> Vec<&'a str> {
        let there = if self.there.is_empty() { &["GET", "HEAD", "POST"] } else { self.there };
        Names { there, ..self }.all()
    }

    /// The whole list for Django where it is known, and the defaults with more where it is not.
    fn beside(self, defaults: &str) -> String {
        match self.there {
            [] => format!("(*{defaults}, {})", list(self.wanted, '"')),
            _ => format!("[{}]", list(&self.all(), '"')),
        }
    }
}

/// The change in the layer that the server is likely to have; spelt as Starlette does where it did
/// not say what it is.
pub(super) fn fixes(server: Server, change: Change<'_>) -> Vec<Fix> {
    match server {
        Server::Uvicorn | Server::Hypercorn => vec![starlette("FastAPI", change)],
        Server::Gunicorn => vec![flask(change), django(change)],
        Server::Express => vec![express(change)],
        Server::Kestrel => vec![aspnet(change)],
        Server::Kong => vec![kong(change)],
        Server::Spring => vec![spring(change)],
        Server::Nginx | Server::Unknown => vec![starlette("the CORS layer", change)],
    }
}

/// The change in every layer, where none is known.
pub(super) fn all_fixes(change: Change<'_>) -> Vec<Fix> {
    let mut fixes = vec![starlette("FastAPI", change), flask(change), django(change), express(change)];
    fixes.extend([aspnet(change), spring(change), nginx(change), traefik(change), kong(change)]);
    fixes
}

fn starlette(server: &'static str, change: Change<'_>) -> Fix {
    let (change, what) = match change {
        Change::Origin(origin) => (
            format!("allow_origins=[\"{origin}\"]"),
            "exactly this text, without a trailing slash, beside the origins already there",
        ),
        Change::Credentials(origin) => (
            format!("allow_origins=[\"{origin}\"], allow_credentials=True"),
            "name the origins. Reflecting every origin together with credentials opens users' data to every site",
        ),
        Change::Methods(names) => (
            format!("allow_methods=[{}]", list(&names.methods(), '"')),
            "beside those already there, letter for letter",
        ),
        Change::Headers(names) => (
            format!("allow_headers=[{}]", list(&names.all(), '"')),
            "beside those already there: Access-Control-Allow-Headers must list each by name",
        ),
        Change::Expose(names) => (format!("expose_headers=[{}]", list(names, '"')), "beside those already there"),
    };
    Fix { server, change, caution: Some(format!("As Starlette's CORSMiddleware spells it: {what}.")) }
}

fn flask(change: Change<'_>) -> Fix {
    let change = match change {
        Change::Origin(origin) => format!("CORS(app, origins=[\"{origin}\"])"),
        Change::Credentials(origin) => format!("CORS(app, origins=[\"{origin}\"], supports_credentials=True)"),
        Change::Methods(names) => format!("CORS(app, methods=[{}])", list(&names.methods(), '"')),
        Change::Headers(names) => format!("CORS(app, allow_headers=[{}])", list(&names.all(), '"')),
        Change::Expose(names) => format!("CORS(app, expose_headers=[{}])", list(names, '"')),
    };
    Fix { server: "Flask", change, caution: Some("With Flask-CORS, beside the options already there.".to_owned()) }
}

fn django(change: Change<'_>) -> Fix {
    let change = match change {
        Change::Origin(origin) => format!("CORS_ALLOWED_ORIGINS = [\"{origin}\"]"),
        Change::Credentials(origin) => {
            format!("CORS_ALLOWED_ORIGINS = [\"{origin}\"]\nCORS_ALLOW_CREDENTIALS = True")
        }
        Change::Methods(names) => format!("CORS_ALLOW_METHODS = {}", names.beside("default_methods")),
        Change::Headers(names) => format!("CORS_ALLOW_HEADERS = {}", names.beside("default_headers")),
        Change::Expose(names) => format!("CORS_EXPOSE_HEADERS = [{}]", list(names, '"')),
    };
    Fix {
        server: "Django",
        change,
        caution: Some("With django-cors-headers, beside the values already there.".to_owned()),
    }
}

fn express(change: Change<'_>) -> Fix {
    let option = match change {
        Change::Origin(origin) => format!("origin: ['{origin}']"),
        Change::Credentials(origin) => format!("origin: ['{origin}'], credentials: true"),
        Change::Methods(names) => format!("methods: [{}]", list(&names.methods(), '\'')),
        Change::Headers(names) => format!("allowedHeaders: [{}]", list(&names.all(), '\'')),
        Change::Expose(names) => format!("exposedHeaders: [{}]", list(names, '\'')),
    };
    Fix {
        server: "Express",
        change: format!("app.use(cors({{ {option} }}))"),
        caution: Some("Before the routes, beside the options already there.".to_owned()),
    }
}

fn aspnet(change: Change<'_>) -> Fix {
    let call = match change {
        Change::Origin(origin) => format!("policy.WithOrigins(\"{origin}\")"),
        Change::Credentials(origin) => format!("policy.WithOrigins(\"{origin}\").AllowCredentials()"),
        Change::Methods(names) => format!("policy.WithMethods({})", list(&names.methods(), '"')),
        Change::Headers(names) => format!("policy.WithHeaders({})", list(&names.all(), '"')),
        Change::Expose(names) => format!("policy.WithExposedHeaders({})", list(names, '"')),
    };
    Fix {
        server: "ASP.NET Core",
        change: format!("builder.Services.AddCors(it => it.AddDefaultPolicy(policy => {call}));"),
        caution: Some("Beside those already there. And app.UseCors() before authentication, authorization and UseHttpsRedirection.".to_owned()),
    }
}

fn spring(change: Change<'_>) -> Fix {
    let call = match change {
        Change::Origin(origin) => format!("allowedOrigins(\"{origin}\")"),
        Change::Credentials(origin) => format!("allowedOrigins(\"{origin}\").allowCredentials(true)"),
        Change::Methods(names) => format!("allowedMethods({})", list(&names.methods(), '"')),
        Change::Headers(names) => format!("allowedHeaders({})", list(&names.all(), '"')),
        Change::Expose(names) => format!("exposedHeaders({})", list(names, '"')),
    };
    Fix {
        server: "Spring",
        change: format!("registry.addMapping(\"/**\").{call};"),
        caution: Some(
            "In a WebMvcConfigurer's addCorsMappings, beside those already there; with Spring Security also http.cors(Customizer.withDefaults())."
                .to_owned(),
        ),
    }
}

/// As nginx is told.
pub(super) fn nginx(change: Change<'_>) -> Fix {
    let (field, value) = field(change);
    Fix {
        server: "nginx",
        change: format!("add_header {field} \"{value}\" always;"),
        caution: Some("In place of the line for this field that is already there, of whose list nothing may get lost, where nginx owns the CORS headers: without 'always' its error pages lack them, and no other layer may add them too.".to_owned()),
    }
}

fn traefik(change: Change<'_>) -> Fix {
    let option = match change {
        Change::Origin(origin) | Change::Credentials(origin) => format!("accessControlAllowOriginList: [\"{origin}\"]"),
        Change::Methods(names) => format!("accessControlAllowMethods: [{}]", list(&names.methods(), '"')),
        Change::Headers(names) => format!("accessControlAllowHeaders: [{}]", list(&names.all(), '"')),
        Change::Expose(names) => format!("accessControlExposeHeaders: [{}]", list(names, '"')),
    };
    let also = if matches!(change, Change::Credentials(_)) { "\naccessControlAllowCredentials: true" } else { "" };
    Fix {
        server: "Traefik",
        change: format!("{option}{also}"),
        caution: Some(
            "In a headers middleware, which must stand before forwardAuth; beside those already there.".to_owned(),
        ),
    }
}

fn kong(change: Change<'_>) -> Fix {
    let change = match change {
        Change::Origin(origin) => format!("config.origins: [\"{origin}\"]"),
        Change::Credentials(origin) => format!("config.origins: [\"{origin}\"]\nconfig.credentials: true"),
        Change::Methods(names) => format!("config.methods: [{}]", list(&names.methods(), '"')),
        Change::Headers(names) => format!("config.headers: [{}]", list(&names.all(), '"')),
        Change::Expose(names) => format!("config.exposed_headers: [{}]", list(names, '"')),
    };
    Fix { server: "Kong", change, caution: Some("In the cors plugin, beside those already there.".to_owned()) }
}

/// The response header itself.
fn field(change: Change<'_>) -> (&'static str, String) {
    match change {
        Change::Origin(origin) => ("Access-Control-Allow-Origin", origin.to_owned()),
        Change::Credentials(_) => ("Access-Control-Allow-Credentials", "true".to_owned()),
        Change::Methods(names) => ("Access-Control-Allow-Methods", names.methods().join(", ")),
        Change::Headers(names) => ("Access-Control-Allow-Headers", names.all().join(", ")),
        Change::Expose(names) => ("Access-Control-Expose-Headers", names.join(", ")),
    }
}

/// The names in a list as it was sent; some separate them by spaces alone, which no browser reads.
pub(super) fn listed(value: &str) -> Vec<&str> {
    value.split([',', ' ', '\t']).filter(|name| !name.is_empty()).collect()
}

fn list(names: &[&str], quote: char) -> String {
    names.iter().map(|name| format!("{quote}{name}{quote}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layer_spells_every_change() {
        let names = ["x-a", "x-b"];
        let lacking = |wanted| Names { there: &[], wanted };
        for change in [
            Change::Origin("https://client.example"),
            Change::Credentials("https://client.example"),
            Change::Methods(lacking(&["PUT"])),
            Change::Headers(lacking(&names)),
            Change::Expose(&names),
        ] {
            let (_, value) = field(change);
            let last = value.split(", ").last().unwrap_or_default();
            let wanted = if matches!(change, Change::Credentials(_)) { "credentials" } else { last };
            for fix in all_fixes(change) {
                assert!(fix.change.to_ascii_lowercase().contains(&wanted.to_ascii_lowercase()), "{}", fix.change);
            }
        }
    }

    #[test]
    fn quotes_are_those_of_the_language() {
        assert_eq!(
            express(Change::Headers(Names { there: &["x-a"], wanted: &["x-b"] })).change,
            "app.use(cors({ allowedHeaders: ['x-a', 'x-b'] }))"
        );
        let method = Change::Methods(Names { there: &[], wanted: &["PUT"] });
        assert_eq!(starlette("x", method).change, "allow_methods=[\"GET\", \"HEAD\", \"POST\", \"PUT\"]");
        assert_eq!(django(method).change, "CORS_ALLOW_METHODS = (*default_methods, \"PUT\")");
    }

    #[test]
    fn nothing_that_is_listed_is_taken_away() {
        let there = ["DELETE", "GET", "PUT"];
        for fix in all_fixes(Change::Methods(Names { there: &there, wanted: &["PATCH", "PUT"] })) {
            let at = |name: &str| fix.change.find(name).unwrap_or_else(|| panic!("{name}: {}", fix.change));
            assert!(at("DELETE") < at("PUT") && at("PUT") < at("PATCH"), "{}", fix.change);
            assert!(!fix.change.contains("POST") && !fix.change.contains("default"), "{}", fix.change);
        }
    }
}
