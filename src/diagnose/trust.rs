//! How each server is told to believe the load balancer's forwarded headers.

use std::net::IpAddr;

use super::Fix;
use super::server::Server;
use crate::balancer::Balancer;

/// Where the load balancer connects from, as an operator would write it into a configuration.
pub(super) struct Subnets {
    /// Comma separated, CIDR where the address is not this machine's own.
    list: String,
    /// What to know about that list.
    caution: String,
}

impl Subnets {
    /// As the capture shows them.
    pub(super) fn of(balancer: &Balancer) -> Self {
        let addresses: Vec<IpAddr> = balancer.addresses().take(MAX_NAMED).collect();
        if addresses.is_empty() {
            return Self::placeholder();
        }
        let mut networks: Vec<String> = addresses.iter().map(|address| network(*address)).collect();
        networks.dedup();
        let list = networks.join(",");
        let caution = if addresses.iter().all(IpAddr::is_loopback) {
            format!("{list} is where the load balancer of this capture connects from.")
        } else {
            let named: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
            format!(
                "{list} lies around {}, where the load balancer of this capture connects from: write the subnets that yours is attached to, since its addresses change.",
                named.join(", ")
            )
        };
        Self { list, caution }
    }

    /// As one would write it into a configuration.
    pub(super) fn list(&self) -> &str {
        &self.list
    }

    /// Where no capture tells.
    pub(super) fn placeholder() -> Self {
        Self {
            list: "10.0.0.0/16".to_owned(),
            caution: "Write the subnets that your load balancer is attached to for 10.0.0.0/16.".to_owned(),
        }
    }
}

/// So many of a load balancer's addresses are named in a fix.
const MAX_NAMED: usize = 4;

/// The subnet that an address is likely to be of: a /24 or a /64, as VPC subnets mostly are.
fn network(address: IpAddr) -> String {
    match address {
        _ if address.is_loopback() => address.to_string(),
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{}/64", std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

const STAR_RISK: &str = "'*' believes every peer: whoever can reach the server directly can claim https and any client address. Use it only where nothing but the load balancer can reach the server (security group), and remember that the load balancer passes on an X-Forwarded-For that the client made up.";

/// The ways to make `server` believe the load balancer, the safest first.
pub(super) fn fixes(server: Server, subnets: &Subnets) -> Vec<Fix> {
    match server {
        Server::Uvicorn => uvicorn(subnets),
        Server::Gunicorn => gunicorn(subnets),
        Server::Hypercorn => vec![hypercorn()],
        Server::Express => express(subnets),
        Server::Kestrel => kestrel(subnets),
        Server::Nginx => vec![nginx()],
        Server::Spring => vec![spring()],
        Server::Kong => vec![kong(subnets)],
        Server::Werkzeug => vec![proxy_fix()],
        Server::Waitress => vec![waitress(), proxy_fix()],
        Server::Daphne => vec![daphne(), proxy_header()],
        Server::Tornado => vec![tornado()],
        Server::Jetty => vec![jetty(), spring()],
        Server::Apache => vec![apache()],
        Server::Php => php(subnets),
        Server::Unknown => vec![unknown()],
    }
}

/// The ways of every server, where none is known.
pub(super) fn all_fixes() -> Vec<Fix> {
    let subnets = Subnets::placeholder();
    [
        Server::Uvicorn,
        Server::Gunicorn,
        Server::Hypercorn,
        Server::Express,
        Server::Kestrel,
        Server::Spring,
        Server::Nginx,
        Server::Kong,
        Server::Waitress,
        Server::Daphne,
        Server::Tornado,
        Server::Jetty,
        Server::Apache,
        Server::Php,
        Server::Unknown,
    ]
    .into_iter()
    .flat_map(|server| fixes(server, &subnets))
    .collect()
}

fn uvicorn(subnets: &Subnets) -> Vec<Fix> {
    let list = &subnets.list;
    let caution = &subnets.caution;
    vec![
        Fix {
            server: "uvicorn",
            change: format!("uvicorn app:app --proxy-headers --forwarded-allow-ips '{list}'"),
            caution: Some(format!(
                "{caution} By default only 127.0.0.1 is trusted. A subnet (CIDR) needs uvicorn 0.31.0 or later: older versions take it without complaint and trust nobody."
            )),
        },
        Fix {
            server: "uvicorn",
            change: format!("FORWARDED_ALLOW_IPS='{list}'"),
            caution: Some("The same as an environment variable, read when the flag is absent; uvicorn workers under Gunicorn read it too.".to_owned()),
        },
        Fix {
            server: "uvicorn",
            change: format!(
                "from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware\n\napp.add_middleware(ProxyHeadersMiddleware, trusted_hosts=[{}])",
                quoted_list(list)
            ),
            caution: Some("In code, added last so that it is outermost. Starlette and FastAPI have no such middleware of their own.".to_owned()),
        },
        Fix {
            server: "uvicorn",
            change: "uvicorn app:app --proxy-headers --forwarded-allow-ips '*'".to_owned(),
            caution: Some(STAR_RISK.to_owned()),
        },
    ]
}

fn gunicorn(subnets: &Subnets) -> Vec<Fix> {
    let list = &subnets.list;
    vec![
        Fix {
            server: "gunicorn",
            change: format!("gunicorn --forwarded-allow-ips '{list}' app:app"),
            caution: Some(format!(
                "{} By default only 127.0.0.1 is trusted. A subnet (CIDR) needs gunicorn 24.1.0 or later; before, list single addresses.",
                subnets.caution
            )),
        },
        proxy_fix(),
        proxy_header(),
        Fix {
            server: "gunicorn",
            change: "gunicorn --forwarded-allow-ips '*' app:app".to_owned(),
            caution: Some(STAR_RISK.to_owned()),
        },
    ]
}

fn proxy_fix() -> Fix {
    Fix {
        server: "Flask",
        change: "from werkzeug.middleware.proxy_fix import ProxyFix\n\napp.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)".to_owned(),
        caution: Some("Instead, in a Flask application: each number is how many proxies add that header.".to_owned()),
    }
}

fn proxy_header() -> Fix {
    Fix {
        server: "Django",
        change: "SECURE_PROXY_SSL_HEADER = (\"HTTP_X_FORWARDED_PROTO\", \"https\")".to_owned(),
        caution: Some(
            "Instead, in a Django application; safe only where the load balancer always sets the header.".to_owned(),
        ),
    }
}

/// Waitress takes one address, or all; a load balancer has several, and they change.
fn waitress() -> Fix {
    Fix {
        server: "Waitress",
        change: "waitress-serve --trusted-proxy '*' --trusted-proxy-headers x-forwarded-proto app:app".to_owned(),
        caution: Some(STAR_RISK.to_owned()),
    }
}

fn daphne() -> Fix {
    Fix {
        server: "Daphne",
        change: "daphne --proxy-headers app.asgi:application".to_owned(),
        caution: Some("Believes every peer: only where nothing but the load balancer can reach the server.".to_owned()),
    }
}

fn tornado() -> Fix {
    Fix {
        server: "Tornado",
        change: "HTTPServer(app, xheaders=True)".to_owned(),
        caution: Some(
            "Or app.listen(port, xheaders=True). Believes every peer: only where nothing but the load balancer can reach the server."
                .to_owned(),
        ),
    }
}

fn jetty() -> Fix {
    Fix {
        server: "Jetty",
        change: "java -jar start.jar --add-modules=http-forwarded".to_owned(),
        caution: Some(
            "Adds the ForwardedRequestCustomizer; only where nothing but the load balancer can reach the server."
                .to_owned(),
        ),
    }
}

fn apache() -> Fix {
    Fix {
        server: "Apache httpd",
        change: "ServerName https://request.example.com:443\nUseCanonicalName On".to_owned(),
        caution: Some("With the public name. httpd reads no X-Forwarded-Proto: it builds its own redirects from ServerName, scheme and port included. For applications behind it: SetEnvIf X-Forwarded-Proto https HTTPS=on".to_owned()),
    }
}

fn php(subnets: &Subnets) -> Vec<Fix> {
    vec![
        Fix {
            server: "Laravel",
            change: format!(
                "->withMiddleware(fn (Middleware $middleware) => $middleware->trustProxies(at: [{}]))",
                quoted_list(&subnets.list)
            ),
            caution: Some(format!(
                "In bootstrap/app.php, from Laravel 11; before, $proxies of the TrustProxies middleware. {}",
                subnets.caution
            )),
        },
        Fix {
            server: "Symfony",
            change: format!(
                "framework:\n    trusted_proxies: '{}'\n    trusted_headers: ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-port']",
                subnets.list
            ),
            caution: Some(subnets.caution.clone()),
        },
    ]
}

fn hypercorn() -> Fix {
    Fix {
        server: "hypercorn",
        change: "from hypercorn.middleware import ProxyFixMiddleware\n\napp = ProxyFixMiddleware(app, mode=\"legacy\", trusted_hops=1)".to_owned(),
        caution: Some("As the outermost wrap, not by add_middleware; trusted_hops is the number of proxies that add X-Forwarded-*. Hypercorn has no flag for it and believes no peer by itself.".to_owned()),
    }
}

fn express(subnets: &Subnets) -> Vec<Fix> {
    vec![
        Fix {
            server: "Express",
            change: format!("app.set('trust proxy', '{}')", subnets.list),
            caution: Some(subnets.caution.clone()),
        },
        Fix {
            server: "Express",
            change: "app.set('trust proxy', 1)".to_owned(),
            caution: Some(
                "Trusts whatever connects first: only where nothing but the load balancer can reach the server."
                    .to_owned(),
            ),
        },
    ]
}

fn kestrel(subnets: &Subnets) -> Vec<Fix> {
    let known: Vec<String> = subnets.list.split(',').map(known_proxy).collect();
    vec![
        Fix {
            server: "ASP.NET Core",
            change: format!(
                "builder.Services.Configure<ForwardedHeadersOptions>(options =>\n{{\n    options.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto;\n{}\n}});\n\napp.UseForwardedHeaders();  // before all other middleware",
                known.join("\n")
            ),
            caution: Some(format!("{} By default only loopback is trusted.", subnets.caution)),
        },
        Fix {
            server: "ASP.NET Core",
            change: "ASPNETCORE_FORWARDEDHEADERS_ENABLED=true".to_owned(),
            caution: Some(
                "Trusts every peer: only where nothing but the load balancer can reach the server.".to_owned(),
            ),
        },
    ]
}

fn known_proxy(network: &str) -> String {
    match network.split_once('/') {
        Some((address, bits)) => {
            format!("    options.KnownNetworks.Add(new IPNetwork(IPAddress.Parse(\"{address}\"), {bits}));")
        }
        None => format!("    options.KnownProxies.Add(IPAddress.Parse(\"{network}\"));"),
    }
}

fn nginx() -> Fix {
    Fix {
        server: "nginx",
        change: "absolute_redirect off;".to_owned(),
        caution: Some("nginx builds its redirects from its own listener and reads no X-Forwarded-Proto: a relative Location names no scheme.".to_owned()),
    }
}

fn spring() -> Fix {
    Fix {
        server: "Spring",
        change: "server.forward-headers-strategy=framework".to_owned(),
        caution: Some("Or native. Only where nothing but the load balancer can reach the application.".to_owned()),
    }
}

fn kong(subnets: &Subnets) -> Fix {
    Fix { server: "Kong", change: format!("trusted_ips = {}", subnets.list), caution: Some(subnets.caution.clone()) }
}

fn unknown() -> Fix {
    Fix {
        server: "the backend",
        change: "believe X-Forwarded-Proto from the load balancer's subnets, and from nobody else".to_owned(),
        caution: Some(
            "What the server is its answers do not tell: look for its proxy, forwarded or trust settings.".to_owned(),
        ),
    }
}

fn quoted_list(list: &str) -> String {
    list.split(',').map(|network| format!("\"{network}\"")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subnet_around_an_address_is_named() {
        assert_eq!(network("10.0.1.5".parse().unwrap()), "10.0.1.0/24");
        assert_eq!(network("2001:db8:1:2:3::4".parse().unwrap()), "2001:db8:1:2::/64");
        assert_eq!(network("127.0.0.9".parse().unwrap()), "127.0.0.9");
    }

    #[test]
    fn the_safe_form_comes_first_and_the_asterisk_last() {
        for server in [Server::Uvicorn, Server::Gunicorn] {
            let fixes = fixes(server, &Subnets::placeholder());
            assert!(!fixes.first().unwrap().change.contains('*'));
            let last = fixes.last().unwrap();
            assert!(last.change.contains('*') && last.caution.as_deref() == Some(STAR_RISK));
        }
    }
}
