//! Where requests go, and from where: servers believe forwarded headers by the address they come
//! from, so a replay from another one may look fixed when it is not, or broken when it is not.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

use corscope::balancer::Balancer;
use corscope::replay::Sender;
use url::{Position, Url};

/// Which no server trusts by default, and every Linux machine has.
const TRUSTED_BY_NOBODY: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// The address of `http://host[:port]`, found once: the only one that is talked to.
pub(super) async fn of_target(to: &str) -> Result<SocketAddr, String> {
    let (host, port) = host_and_port(to)?;
    let mut found = tokio::net::lookup_host((&*host, port)).await.map_err(|error| format!("--to {to}: {error}"))?;
    found.next().ok_or_else(|| format!("--to {to}: the host has no address"))
}

fn host_and_port(to: &str) -> Result<(String, u16), String> {
    let refused = || format!("--to {to}: write http://host:port, the server itself behind the load balancer");
    let url = Url::parse(to).map_err(|_| refused())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(not_sent(&url));
    }
    let is_bare = url.scheme() == "http" && url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let host = url.host_str().filter(|_| is_bare).ok_or_else(refused)?;
    Ok((host.trim_matches(['[', ']']).to_owned(), url.port().unwrap_or(80)))
}

/// A password must not be repeated either.
fn not_sent(url: &Url) -> String {
    let host = &url[Position::BeforeHost..Position::AfterPort];
    format!(
        "--to http://…@{host}: user and password would not be sent, since a call is made with the Authorization that \
         was recorded: write http://{host}"
    )
}

/// From which address requests are sent: the one asked for; else the load balancer's own, where this
/// machine has it; else, towards a loopback target, one that no server trusts by default.
pub(crate) fn choose(asked: Option<IpAddr>, balancer: &Balancer, target: SocketAddr) -> Result<Sender, String> {
    let load_balancer = balancer.addresses().next();
    if let Some(asked) = asked {
        let sender = Sender { bound_to: Some(asked), load_balancer };
        return is_ours(asked)
            .then_some(sender)
            .ok_or_else(|| format!("--bind {asked}: this machine does not have that address"));
    }
    let reaches =
        |address: &IpAddr| address.is_loopback() == target.ip().is_loopback() && address.is_ipv4() == target.is_ipv4();
    let own = balancer.addresses().find(|address| reaches(address) && is_ours(*address));
    let fallback = (target.ip().is_loopback() && target.is_ipv4()).then_some(TRUSTED_BY_NOBODY);
    Ok(Sender { bound_to: own.or(fallback), load_balancer: own.or(load_balancer) })
}

/// Whether this machine has the address: only then can it be bound.
fn is_ours(address: IpAddr) -> bool {
    TcpListener::bind((address, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_not_be_sent_is_refused() {
        let refused = |to| host_and_port(to).err().unwrap_or_default();
        let told = refused("http://user:s3cr3t@127.0.0.1:8000");
        assert!(told.ends_with("was recorded: write http://127.0.0.1:8000"), "{told}");
        assert!(!told.contains("s3cr3t") && !told.contains("user:"), "{told}");
        for to in ["http://127.0.0.1/?a", "http://127.0.0.1/items", "http://127.0.0.1/#f", "ftp://127.0.0.1"] {
            assert!(refused(to).contains("write http://host:port"), "{to}");
        }
        assert_eq!(host_and_port("http://[::1]:8000"), Ok(("::1".to_owned(), 8000)));
    }

    #[test]
    fn without_the_load_balancers_address_one_is_taken_that_nobody_trusts() {
        let loopback = SocketAddr::from(([127, 0, 0, 1], 8000));
        let sender = choose(None, &Balancer::default(), loopback).unwrap();
        assert_eq!(sender.bound_to, Some(TRUSTED_BY_NOBODY));
        let elsewhere = SocketAddr::from(([192, 0, 2, 1], 8000));
        assert_eq!(choose(None, &Balancer::default(), elsewhere).unwrap().bound_to, None);
        let foreign = "192.0.2.77".parse().unwrap();
        assert!(choose(Some(foreign), &Balancer::default(), loopback).is_err());
    }
}
