//! An interface opened, or why it cannot be.

use std::env;
use std::time::Duration;

use corscope::wire::LinkType;
use pcap::{Active, Capture, Device, Error, Inactive, Precision};

use crate::args;
use crate::stop::Stop;

/// After that long the kernel hands over what it has: a call is on the screen before anybody looks
/// for it, and the kernel still collects packets instead of waking us for each.
pub(super) const READ_TIMEOUT: Duration = Duration::from_millis(50);

/// Digits of the second in packet times. Linux gives nanoseconds, other systems may not.
pub(super) const DIGITS: u8 = if cfg!(target_os = "linux") { 9 } else { 6 };

/// All interfaces at once, on Linux.
const ANY: &str = "any";

/// All TCP, since HTTP is found by its content and not by its port, and what traffic mirroring wraps
/// into VXLAN, also where IP cut it: fragments after the first name no port.
const WANTED: &str = "tcp or udp port 4789 or (udp and ip[6:2] & 0x1fff != 0)";

/// libpcap's number for raw IP as it is on this machine; files have another for it.
#[cfg(not(target_os = "openbsd"))]
const RAW_HERE: i32 = 12;
#[cfg(target_os = "openbsd")]
const RAW_HERE: i32 = 14;
const RAW_IN_FILES: u16 = 101;

/// An interface that packets can be taken from.
pub(super) struct Opened {
    pub(super) capture: Capture<Active>,
    pub(super) name: String,
    pub(super) link: LinkType,
    /// Bytes of a packet that are captured at the most.
    pub(super) snaplen: u32,
    /// Which packets are captured.
    pub(super) filter: String,
}

pub(super) fn open(args: &args::Capture) -> Result<Opened, Stop> {
    let name = match &args.interface {
        Some(name) => name.clone(),
        None => first_choice()?,
    };
    let mut capture =
        prepared(&name, args).and_then(Capture::open).map_err(|error| Stop::Problem(refused(&name, &error)))?;
    let filter = set_filter(&mut capture, args.bpf.as_deref())
        .map_err(|(filter, error)| Stop::Problem(format!("'{filter}' is no filter for {name}: {error}")))?;
    let link = link_type(&capture);
    Ok(Opened { capture, name, link, snaplen: args.snaplen, filter })
}

/// All interfaces where the system can, else the one that the system would choose.
fn first_choice() -> Result<String, Stop> {
    let devices = Device::list().unwrap_or_default();
    if devices.iter().any(|device| device.name == ANY) {
        return Ok(ANY.to_owned());
    }
    match Device::lookup() {
        Ok(Some(device)) => Ok(device.name),
        Ok(None) => Err(Stop::Problem(format!("no interface can be captured on: {}", cure()))),
        Err(error) => Err(Stop::Problem(format!("no interface can be captured on: {error}"))),
    }
}

fn prepared(name: &str, args: &args::Capture) -> Result<Capture<Inactive>, Error> {
    let timeout = i32::try_from(READ_TIMEOUT.as_millis()).unwrap_or(i32::MAX);
    let capture = Capture::from_device(name)?
        .snaplen(i32::try_from(args.snaplen).unwrap_or(i32::MAX))
        .buffer_size(i32::try_from(args.kernel_buffer << 20).unwrap_or(i32::MAX))
        .promisc(args.promiscuous && name != ANY)
        .timeout(timeout);
    Ok(if DIGITS == 9 { capture.precision(Precision::Nano) } else { capture })
}

/// Sets the filter that was asked for, or the widest of ours that the interface knows: tags of VLANs
/// are no part of every link layer. Returns it, or the one that was refused.
fn set_filter(capture: &mut Capture<Active>, asked: Option<&str>) -> Result<String, (String, Error)> {
    let filters = match asked {
        Some(filter) => vec![filter.to_owned()],
        // Behind the word `vlan` all is read as after the tag; one tag may follow another.
        None => vec![format!("{WANTED} or (vlan and ({WANTED} or (vlan and ({WANTED}))))"), WANTED.to_owned()],
    };
    let mut refused = None;
    for filter in filters {
        match capture.filter(&filter, true) {
            Ok(()) => return Ok(filter),
            Err(error) => refused = Some((filter, error)),
        }
    }
    refused.map_or(Ok(String::new()), Err)
}

fn link_type(capture: &Capture<Active>) -> LinkType {
    let link = capture.get_datalink().0;
    LinkType(if link == RAW_HERE { RAW_IN_FILES } else { u16::try_from(link).unwrap_or(u16::MAX) })
}

/// Why an interface cannot be opened, and what to do.
fn refused(name: &str, error: &Error) -> String {
    let names: Vec<String> = Device::list().unwrap_or_default().into_iter().map(|device| device.name).collect();
    let told = error.to_string();
    if ["permi", "not permitted"].iter().any(|word| told.to_ascii_lowercase().contains(word)) {
        return format!("{name} cannot be captured on without the right to: {}", cure());
    }
    if !names.is_empty() && !names.iter().any(|known| known == name) {
        return format!("there is no interface '{name}': there are {}", names.join(", "));
    }
    format!("{name} cannot be captured on: {told}")
}

fn cure() -> String {
    let program =
        env::current_exe().map_or_else(|_| "$(command -v corscope)".to_owned(), |at| at.display().to_string());
    format!("run it with sudo, or give it the right once with sudo setcap cap_net_raw,cap_net_admin=eip {program}")
}
