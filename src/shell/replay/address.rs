//! Where requests go, and from where: servers believe forwarded headers by the address they come
//! from, so a replay from another one may look fixed when it is not, or broken when it is not.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

use corscope::balancer::Balancer;
use corscope::replay::Sender;
use url::Url;

/// Which no server trusts by default, and every Linux machine has.
const TRUSTED_BY_NOBODY: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// The address of `http://host[:port]`, found once: the only one that is talked to.
pub(super) async fn of_target(to: &str) -> Result<SocketAddr, String> {
    let refused = || format!("--to {to}: write http://host:port, the server itself behind the load balancer");
    let url = Url::parse(to).map_err(|_| refused())?;
    let host = url.host_str().filter(|_| url.scheme() == "http" && url.path() == "/").ok_or_else(refused)?;
    let name = (host.trim_matches(['[', ']']), url.port().unwrap_or(80));
    let mut found = tokio::net::lookup_host(name).await.map_err(|error| format!("--to {to}: {error}"))?;
    found.next().ok_or_else(|| format!("--to {to}: the host has no address"))
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
