//! MPLS (RFC 3032). A label does not say what is behind the stack; the first half byte there does,
//! as routers guess it (RFC 4928 section 3).

use super::{Decoded, Layer, Peeled, Rest};

/// Whether a label is the last of the stack.
const BOTTOM: u8 = 0x01;

/// One label.
pub(super) fn label(rest: Rest<'_>) -> Peeled<'_> {
    match rest.split() {
        Some(([_, _, bits, _time_to_live], carried)) if bits & BOTTOM == 0 => Peeled::Into(Layer::Mpls, carried),
        Some((_, carried)) => payload(carried),
        None => rest.too_short(),
    }
}

fn payload(rest: Rest<'_>) -> Peeled<'_> {
    match rest.data.first().map(|first| first >> 4) {
        Some(4 | 6) => Peeled::Into(Layer::Ip, rest),
        // The control word of an Ethernet pseudowire (RFC 4448 section 4.6).
        Some(0) => rest.into_behind(4, Layer::Ethernet),
        // The associated channel (RFC 5586).
        Some(1) => Peeled::Done(Decoded::Other),
        Some(_) => Peeled::Into(Layer::Ethernet, rest),
        None => rest.too_short(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use crate::wire::LinkType;

    const ETHERNET: LinkType = LinkType(1);

    #[test]
    fn labels_stack() {
        let tcp = sample::tcp(b"hello");
        for ip in [sample::ipv4(&tcp), sample::ipv6(&tcp)] {
            for labels in 0..4 {
                let stack = [[0, 1, 0x40, 64].repeat(labels), vec![0, 1, 0x41, 64]].concat();
                sample::assert_hello(ETHERNET, &sample::ethernet(0x8847, &[&stack[..], &ip].concat()));
                sample::assert_hello(ETHERNET, &sample::ethernet(0x8848, &[&stack[..], &ip].concat()));
            }
        }
        let endless = sample::ethernet(0x8847, &[0, 1, 0x40, 64].repeat(1000));
        assert_eq!(sample::outcome(ETHERNET, &endless), "Malformed");
    }

    #[test]
    fn a_pseudowire_carries_ethernet() {
        let inner = sample::ethernet(0x0800, &sample::ipv4(&sample::tcp(b"hello")));
        for control_word in [&[][..], &[0; 4]] {
            let frame = sample::ethernet(0x8847, &[&[0, 1, 0x41, 64][..], control_word, &inner].concat());
            // Without a control word it is told by an address that does not begin with 0, 1, 4 or 6.
            let mut frame = frame;
            if control_word.is_empty() {
                frame[18] = 0x22;
            }
            sample::assert_hello(ETHERNET, &frame);
        }
        let channel = sample::ethernet(0x8847, &[0, 1, 0x41, 64, 0x10, 0, 0, 7, 0, 0, 0, 0]);
        assert_eq!(sample::outcome(ETHERNET, &channel), "Other");
    }
}
