//! The load balancer as a value: what it adds to a request, what it answers by itself.
//!
//! Facts are those of AWS Application Load Balancers
//! (<https://docs.aws.amazon.com/elasticloadbalancing/latest/application/>).

mod forward;
mod listeners;
mod response;

pub use forward::{Listener, forward};
pub use listeners::{Balancer, Glance, OwnAnswer};
pub use response::{bad_gateway, gateway_timeout, redirect_to_https};
