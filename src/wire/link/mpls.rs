//! MPLS (RFC 3032). A label does not say what is behind the stack; the first half byte there does,
//! as routers guess it (RFC 4928 section 3), unless what follows contradicts it.

use super::{Decoded, Layer, Peeled, Rest, ethernet};

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
    /// The control word of an Ethernet pseudowire (RFC 4448 section 4.6).
    const CONTROL_WORD: usize = 4;
    match rest.data.first().map(|first| first >> 4) {
        // Without a control word the address of an Ethernet frame may begin like a packet or like a control word.
        Some(4 | 6) if !is_as_long_as_it_says(rest) && ethernet::is_likely(rest) => Peeled::Into(Layer::Ethernet, rest),
        Some(4 | 6) => Peeled::Into(Layer::Ip, rest),
        Some(0) => match rest.skip(CONTROL_WORD) {
            Some(behind) if ethernet::is_likely(behind) || !ethernet::is_likely(rest) => {
                Peeled::Into(Layer::Ethernet, behind)
            }
            Some(_) => Peeled::Into(Layer::Ethernet, rest),
            None => rest.too_short(),
        },
        // The associated channel (RFC 5586).
        Some(1) if !ethernet::is_likely(rest) => Peeled::Done(Decoded::Other),
        Some(_) => Peeled::Into(Layer::Ethernet, rest),
        None => rest.too_short(),
    }
}

/// Whether the length of an IP packet is what there is, apart from the padding of a short frame and a check sequence.
/// A length of 0 is that of a packet which the network card was to cut.
fn is_as_long_as_it_says(rest: Rest<'_>) -> bool {
    const PADDING: usize = 64;
    let len = match rest.data {
        [0x45..=0x4f, _, a, b, ..] => u16::from_be_bytes([*a, *b]).into(),
        [0x60..=0x6f, _, _, _, a, b, ..] => match u16::from_be_bytes([*a, *b]) {
            0 => 0,
            len => 40 + usize::from(len),
        },
        _ => return false,
    };
    let sent = rest.data.len() + rest.missing;
    len == 0 || (len..=len + PADDING).contains(&sent)
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
        // Or by what stands where the type of a frame does, although its address begins with one of these.
        let ip = sample::ipv4(&sample::tcp(b"hello"));
        for first in [0x00, 0x10, 0x45, 0x4c, 0x60, 0x6c] {
            for mut inner in [inner.clone(), sample::ethernet(0x8100, &[&[0, 7, 8, 0][..], &ip].concat())] {
                inner[..6].copy_from_slice(&[first, 0x1b, 0x21, 0xa0, 0xb1, 0xc2]);
                let frame = sample::ethernet(0x8847, &[&[0, 1, 0x41, 64][..], &inner].concat());
                sample::assert_hello(ETHERNET, &frame);
                let frame = sample::ethernet(0x8847, &[&[0, 1, 0x41, 64, 0, 0, 0, 0][..], &inner].concat());
                sample::assert_hello(ETHERNET, &frame);
            }
        }
        let channel = sample::ethernet(0x8847, &[0, 1, 0x41, 64, 0x10, 0, 0, 7, 0, 0, 0, 0]);
        assert_eq!(sample::outcome(ETHERNET, &channel), "Other");
    }
}
