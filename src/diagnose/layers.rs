//! How each CORS layer is told what it should answer.

use super::Fix;
use super::server::Server;

/// What a CORS layer should answer otherwise.
#[derive(Clone, Copy)]
pub(super) struct Change<'a> {
    pub(super) setting: Setting,
    pub(super) names: Names<'a>,
}

/// A list in the configuration of a CORS layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setting {
    /// The origins that are allowed.
    Origins,
    /// The origins that are allowed with credentials.
    Credentials,
    /// The methods that are allowed.
    Methods,
    /// The request headers that are allowed.
    Headers,
    /// The response headers that the page may read.
    Expose,
}

/// A list that has to grow: what it leaves out would be taken away.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    /// What it has already, in its order; empty where nothing tells.
    pub(super) there: &'a [&'a str],
    /// What it lacks.
    pub(super) wanted: &'a [&'a str],
}

impl<'a> Change<'a> {
    /// The whole list.
    fn all(self) -> Vec<&'a str> {
        match self.setting {
            Setting::Methods => self.names.methods(),
            Setting::Origins | Setting::Credentials | Setting::Headers | Setting::Expose => self.names.all(),
        }
    }

    fn quoted(self, quote: char) -> String {
        list(&self.all(), quote)
    }
}

impl<'a> Names<'a> {
    /// Where nothing tells what is there already.
    pub(super) fn lacking(wanted: &'a [&'a str]) -> Self {
        Self { there: &[], wanted }
    }

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
        Server::Werkzeug | Server::Waitress => vec![flask(change)],
        Server::Daphne => vec![django(change)],
        Server::Express => vec![express(change)],
        Server::Kestrel => vec![aspnet(change)],
        Server::Kong => vec![kong(change)],
        Server::Spring | Server::Jetty => vec![spring(change)],
        Server::Nginx | Server::Tornado | Server::Apache | Server::Php | Server::Unknown => {
            vec![starlette("the CORS layer", change)]
        }
    }
}

/// The change in every layer, where none is known.
pub(super) fn all_fixes(change: Change<'_>) -> Vec<Fix> {
    let mut fixes = vec![starlette("FastAPI", change), flask(change), django(change), express(change)];
    fixes.extend([aspnet(change), spring(change), nginx(change), traefik(change), kong(change)]);
    fixes
}

fn starlette(server: &'static str, change: Change<'_>) -> Fix {
    let names = change.quoted('"');
    let (change, what) = match change.setting {
        Setting::Origins => (
            format!("allow_origins=[{names}]"),
            "exactly this text, without a trailing slash, beside the origins already there",
        ),
        Setting::Credentials => (
            format!("allow_origins=[{names}], allow_credentials=True"),
            "name the origins. Reflecting every origin together with credentials opens users' data to every site",
        ),
        Setting::Methods => (format!("allow_methods=[{names}]"), "beside those already there, letter for letter"),
        Setting::Headers => (
            format!("allow_headers=[{names}]"),
            "beside those already there: Access-Control-Allow-Headers must list each by name",
        ),
        Setting::Expose => (format!("expose_headers=[{names}]"), "beside those already there"),
    };
    Fix { server, change, caution: Some(format!("As Starlette's CORSMiddleware spells it: {what}.")) }
}

/// Starlette's CORS layer, to be added.
pub(super) fn middleware(origins: Names<'_>, caution: &str) -> Fix {
    Fix {
        server: "FastAPI",
        change: format!(
            "app.add_middleware(CORSMiddleware, allow_origins=[{}], allow_methods=[\"*\"], allow_headers=[\"*\"])",
            list(&origins.all(), '"')
        ),
        caution: Some(caution.to_owned()),
    }
}

/// Starlette's CORS layer around the whole application.
pub(super) fn around(origins: Names<'_>, caution: &str) -> Fix {
    Fix {
        server: "FastAPI",
        change: format!("app = CORSMiddleware(app, allow_origins=[{}])", list(&origins.all(), '"')),
        caution: Some(caution.to_owned()),
    }
}

fn flask(change: Change<'_>) -> Fix {
    let names = change.quoted('"');
    let change = match change.setting {
        Setting::Origins => format!("CORS(app, origins=[{names}])"),
        Setting::Credentials => format!("CORS(app, origins=[{names}], supports_credentials=True)"),
        Setting::Methods => format!("CORS(app, methods=[{names}])"),
        Setting::Headers => format!("CORS(app, allow_headers=[{names}])"),
        Setting::Expose => format!("CORS(app, expose_headers=[{names}])"),
    };
    Fix { server: "Flask", change, caution: Some("With Flask-CORS, beside the options already there.".to_owned()) }
}

fn django(change: Change<'_>) -> Fix {
    let names = change.quoted('"');
    let change = match change.setting {
        Setting::Origins => format!("CORS_ALLOWED_ORIGINS = [{names}]"),
        Setting::Credentials => {
            format!("CORS_ALLOWED_ORIGINS = [{names}]\nCORS_ALLOW_CREDENTIALS = True")
        }
        Setting::Methods => format!("CORS_ALLOW_METHODS = {}", change.names.beside("default_methods")),
        Setting::Headers => format!("CORS_ALLOW_HEADERS = {}", change.names.beside("default_headers")),
        Setting::Expose => format!("CORS_EXPOSE_HEADERS = [{names}]"),
    };
    Fix {
        server: "Django",
        change,
        caution: Some("With django-cors-headers, beside the values already there.".to_owned()),
    }
}

fn express(change: Change<'_>) -> Fix {
    let names = change.quoted('\'');
    let option = match change.setting {
        Setting::Origins => format!("origin: [{names}]"),
        Setting::Credentials => format!("origin: [{names}], credentials: true"),
        Setting::Methods => format!("methods: [{names}]"),
        Setting::Headers => format!("allowedHeaders: [{names}]"),
        Setting::Expose => format!("exposedHeaders: [{names}]"),
    };
    Fix {
        server: "Express",
        change: format!("app.use(cors({{ {option} }}))"),
        caution: Some("Before the routes, beside the options already there.".to_owned()),
    }
}

fn aspnet(change: Change<'_>) -> Fix {
    let names = change.quoted('"');
    let call = match change.setting {
        Setting::Origins => format!("policy.WithOrigins({names})"),
        Setting::Credentials => format!("policy.WithOrigins({names}).AllowCredentials()"),
        Setting::Methods => format!("policy.WithMethods({names})"),
        Setting::Headers => format!("policy.WithHeaders({names})"),
        Setting::Expose => format!("policy.WithExposedHeaders({names})"),
    };
    Fix {
        server: "ASP.NET Core",
        change: format!("builder.Services.AddCors(it => it.AddDefaultPolicy(policy => {call}));"),
        caution: Some("Beside those already there. And app.UseCors() before authentication, authorization and UseHttpsRedirection.".to_owned()),
    }
}

fn spring(change: Change<'_>) -> Fix {
    let names = change.quoted('"');
    let call = match change.setting {
        Setting::Origins => format!("allowedOrigins({names})"),
        Setting::Credentials => format!("allowedOrigins({names}).allowCredentials(true)"),
        Setting::Methods => format!("allowedMethods({names})"),
        Setting::Headers => format!("allowedHeaders({names})"),
        Setting::Expose => format!("exposedHeaders({names})"),
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
    let names = change.quoted('"');
    let option = match change.setting {
        Setting::Origins | Setting::Credentials => format!("accessControlAllowOriginList: [{names}]"),
        Setting::Methods => format!("accessControlAllowMethods: [{names}]"),
        Setting::Headers => format!("accessControlAllowHeaders: [{names}]"),
        Setting::Expose => format!("accessControlExposeHeaders: [{names}]"),
    };
    let also =
        if matches!(change.setting, Setting::Credentials) { "\naccessControlAllowCredentials: true" } else { "" };
    Fix {
        server: "Traefik",
        change: format!("{option}{also}"),
        caution: Some(
            "In a headers middleware, which must stand before forwardAuth; beside those already there.".to_owned(),
        ),
    }
}

fn kong(change: Change<'_>) -> Fix {
    let names = change.quoted('"');
    let change = match change.setting {
        Setting::Origins => format!("config.origins: [{names}]"),
        Setting::Credentials => format!("config.origins: [{names}]\nconfig.credentials: true"),
        Setting::Methods => format!("config.methods: [{names}]"),
        Setting::Headers => format!("config.headers: [{names}]"),
        Setting::Expose => format!("config.exposed_headers: [{names}]"),
    };
    Fix { server: "Kong", change, caution: Some("In the cors plugin, beside those already there.".to_owned()) }
}

/// The response header itself.
fn field(change: Change<'_>) -> (&'static str, String) {
    let names = change.all().join(", ");
    match change.setting {
        Setting::Origins => ("Access-Control-Allow-Origin", names),
        Setting::Credentials => ("Access-Control-Allow-Credentials", "true".to_owned()),
        Setting::Methods => ("Access-Control-Allow-Methods", names),
        Setting::Headers => ("Access-Control-Allow-Headers", names),
        Setting::Expose => ("Access-Control-Expose-Headers", names),
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
        for (setting, names) in [
            (Setting::Origins, ["https://client.example", "https://other.example"]),
            (Setting::Credentials, ["https://client.example", "https://other.example"]),
            (Setting::Methods, ["PUT", "DELETE"]),
            (Setting::Headers, ["x-a", "x-b"]),
            (Setting::Expose, ["x-a", "x-b"]),
        ] {
            let change = Change { setting, names: Names::lacking(&names) };
            let (_, value) = field(change);
            let last = value.split(", ").last().unwrap_or_default();
            let wanted = if setting == Setting::Credentials { "credentials" } else { last };
            for fix in all_fixes(change) {
                assert!(fix.change.to_ascii_lowercase().contains(&wanted.to_ascii_lowercase()), "{}", fix.change);
            }
        }
    }

    #[test]
    fn quotes_are_those_of_the_language() {
        assert_eq!(
            express(Change { setting: Setting::Headers, names: Names { there: &["x-a"], wanted: &["x-b"] } }).change,
            "app.use(cors({ allowedHeaders: ['x-a', 'x-b'] }))"
        );
        let method = Change { setting: Setting::Methods, names: Names::lacking(&["PUT"]) };
        assert_eq!(starlette("x", method).change, "allow_methods=[\"GET\", \"HEAD\", \"POST\", \"PUT\"]");
        assert_eq!(django(method).change, "CORS_ALLOW_METHODS = (*default_methods, \"PUT\")");
    }

    #[test]
    fn nothing_that_is_listed_is_taken_away() {
        let there = ["DELETE", "GET", "PUT"];
        let names = Names { there: &there, wanted: &["PATCH", "PUT"] };
        for fix in all_fixes(Change { setting: Setting::Methods, names }) {
            let at = |name: &str| fix.change.find(name).unwrap_or_else(|| panic!("{name}: {}", fix.change));
            assert!(at("DELETE") < at("PUT") && at("PUT") < at("PATCH"), "{}", fix.change);
            assert!(!fix.change.contains("POST") && !fix.change.contains("default"), "{}", fix.change);
        }
    }
}
