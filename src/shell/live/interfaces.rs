//! `corscope capture --list`: the network interfaces that can be captured on.

use pcap::{ConnectionStatus, Device};

use crate::output::Output;
use crate::stop::Stop;

pub(crate) fn list(mut output: Output) -> Result<(), Stop> {
    let devices = Device::list().map_err(|error| Stop::Problem(format!("the interfaces cannot be listed: {error}")))?;
    if devices.is_empty() {
        return Err(Stop::Problem(
            "no interface can be captured on: run as root, or give the program the right to capture \
             (sudo setcap cap_net_raw,cap_net_admin=eip $(command -v corscope))"
                .to_owned(),
        ));
    }
    let widest = devices.iter().map(|device| device.name.len()).max().unwrap_or_default();
    for device in &devices {
        output.line(format!("{:widest$}  {}", device.name, about(device)).trim_end())?;
    }
    output.close()
}

/// Its addresses, what the system calls it, and whether it is connected.
fn about(device: &Device) -> String {
    let addresses = device.addresses.iter().map(|address| address.addr.to_string());
    let down = device.flags.connection_status == ConnectionStatus::Disconnected;
    addresses
        .chain(device.desc.clone())
        .chain(down.then(|| "(not connected)".to_owned()))
        .collect::<Vec<_>>()
        .join("  ")
}
