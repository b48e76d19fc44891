//! A page's call was redirected to a login page.

use url::form_urlencoded;

use super::load_balancer_answered::refuse_without_login;
use crate::cors::Outcome;
use crate::diagnose::case::{Case, Diagnosis, General, Redirect, Rule, SeenHop, ShowsIn, path};
use crate::diagnose::{Fix, Severity};
use crate::http::WebUrl;

pub(super) struct LoginRedirect;

static GENERAL: General = General {
    id: "login-redirect",
    severity: Severity::Error,
    title: "a page's call was redirected to a login page",
    what: "The session has ended, and the server (or an authentication layer) answers every request with a redirect to the login page, calls of a page too. A login page is made for navigation: it does not share itself with other origins, so the browser reports a CORS error where the truth is 'log in again'. Where the login is on the same origin, the page gets HTML instead of data.",
    recognise: "A call with Sec-Fetch-Mode: cors or X-Requested-With is answered 302 or 303 with a Location that names a login (login, signin, sso, oauth, saml …) or carries client_id, redirect_uri or SAMLRequest.",
    disproof: "the request is a navigation, or the Location is no login.",
    links: &[
        "https://github.com/hivecommons/hive/issues/7433",
        "https://github.com/OpenIDC/mod_auth_openidc/issues/220",
    ],
    shows_in: ShowsIn::Redirected,
    symptom_of: &[],
};

impl Rule for LoginRedirect {
    fn general(&self) -> &'static General {
        &GENERAL
    }

    fn fixes(&self) -> Vec<Fix> {
        vec![
            Fix {
                server: "the backend",
                change: "answer 401 instead of a redirect to calls of a page (Sec-Fetch-Mode other than navigate, X-Requested-With)"
                    .to_owned(),
                caution: Some("With the CORS headers, so that the page can read the status and send the user to the login itself.".to_owned()),
            },
            refuse_without_login(),
            Fix {
                server: "mod_auth_openidc",
                change: "OIDCUnAuthAction 401".to_owned(),
                caution: Some("For the location of the API.".to_owned()),
            },
            Fix {
                server: "ASP.NET Core",
                change: "options.Events.OnRedirectToLogin = context =>\n{\n    context.Response.StatusCode = 401;\n    return Task.CompletedTask;\n};".to_owned(),
                caution: Some("In the options of the cookie authentication.".to_owned()),
            },
            Fix {
                server: "Spring Security",
                change: "http.exceptionHandling(it -> it.authenticationEntryPoint(new HttpStatusEntryPoint(HttpStatus.UNAUTHORIZED)))"
                    .to_owned(),
                caution: Some("For the paths of the API.".to_owned()),
            },
        ]
    }

    /// Where the page got through, it got a login form: worth knowing, not a CORS error.
    fn severity(&self, case: &Case<'_>) -> Severity {
        match case.judgement.verdict.outcome {
            Outcome::Blocked(_) => Severity::Error,
            Outcome::Undetermined(_) => Severity::Warning,
            Outcome::Allowed | Outcome::NotCors => Severity::Note,
        }
    }

    fn examine(&self, case: &Case<'_>) -> Option<Diagnosis> {
        let (seen, target) = case.seen_hops().find_map(|seen| Some((seen, login_target(seen)?)))?;
        if !is_of_a_script(seen) {
            return None;
        }
        let marks = ["sec-fetch-mode", "x-requested-with"].into_iter().filter(|name| seen.request.headers.has(name));
        let mut evidence = vec![seen.status_evidence(), seen.response_evidence("location")];
        evidence.extend(marks.map(|name| seen.request_evidence(name)));
        Some(Diagnosis {
            story: format!(
                "{} {} is a call of a page's script and was answered {} to {}{}: the session has ended, and the page sees a CORS error instead of a 401.",
                seen.hop.method,
                path(&seen.hop.url),
                seen.response.status,
                target.host_str().unwrap_or_default(),
                target.path()
            ),
            evidence,
            fixes: self.fixes().into(),
        })
    }
}

fn is_of_a_script(seen: &SeenHop<'_>) -> bool {
    let headers = &seen.request.headers;
    let mode = headers.first("sec-fetch-mode");
    let is_cors = mode == Some("cors") || (mode.is_none() && headers.has("origin"));
    !seen.is_preflight() && (is_cors || headers.has("x-requested-with"))
}

/// Where a redirect leads, when that is a login.
pub(super) fn login_target<'a>(seen: &'a SeenHop<'_>) -> Option<&'a WebUrl<'a>> {
    let Redirect { from: asked, to: target } = seen.redirect()?;
    let names_itself = asked.path().trim_end_matches('/') == target.path().trim_end_matches('/')
        && asked.host_str() == target.host_str();
    (!names_itself && is_login(target)).then_some(target)
}

/// Words in the path, or the first label of the host, that only logins have; parameters that only
/// logins are given.
fn is_login(url: &WebUrl<'_>) -> bool {
    const WORDS: [&str; 16] = [
        "login",
        "log-in",
        "log_in",
        "logon",
        "signin",
        "sign-in",
        "sign_in",
        "sso",
        "saml",
        "saml2",
        "oauth",
        "oauth2",
        "authorize",
        "adfs",
        "openid-connect",
        "authenticate",
    ];
    const HOSTS: [&str; 9] = ["login", "signin", "sso", "auth", "idp", "accounts", "account", "adfs", "id"];
    const PARAMETERS: [&str; 3] = ["SAMLRequest", "client_id", "redirect_uri"];
    let is_word = |segment: &str| {
        let segment = segment.to_ascii_lowercase();
        let stem = segment.split('.').next().unwrap_or_default();
        WORDS.contains(&stem)
    };
    let in_path = url.path().strip_prefix('/').is_some_and(|path| path.split('/').any(is_word));
    let in_query = form_urlencoded::parse(url.query().unwrap_or_default().as_bytes())
        .any(|(name, _)| PARAMETERS.contains(&&*name));
    let label = url.host_str().and_then(|host| host.split('.').next()).unwrap_or_default();
    in_path || in_query || (HOSTS.contains(&label) && url.query().is_some())
}

#[cfg(test)]
mod tests {
    use crate::diagnose::testing::diagnosed;
    use crate::http::testing::{Builder, exchange};

    fn call(location: &str) -> Builder {
        exchange("GET", "https://request.example/api/me")
            .page("https://client.example")
            .behind_balancer()
            .status(302)
            .answer("Location", location)
    }

    #[test]
    fn a_call_that_is_sent_to_a_login_is_named() {
        for location in [
            "https://sso.example/login?next=/",
            "/login?next=%2Fapi%2Fme",
            "https://id.example/oauth2/authorize?client_id=x",
        ] {
            assert_eq!(diagnosed([call(location)]).by_chain, [["login-redirect"]], "{location}");
        }
    }

    #[test]
    fn any_other_redirect_and_any_navigation_is_not() {
        for location in ["https://files.example/x", "/api/me/", "/api/blog/inside"] {
            assert!(!diagnosed([call(location)]).by_chain[0].contains(&"login-redirect"), "{location}");
        }
        let navigation = exchange("GET", "https://request.example/").header("Sec-Fetch-Mode", "navigate");
        let navigation = navigation.behind_balancer().status(302).answer("Location", "/login");
        assert!(diagnosed([navigation]).by_chain[0].is_empty());
    }
}
