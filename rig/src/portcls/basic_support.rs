//! What a property handler says of its property: a description, and behind it lists of ranges, steps or values
//! (ks/ns-ks-ksproperty_description, -ksproperty_membersheader; audio/exposing-multichannel-nodes).
//!
//! ```text
//!   KSPROPERTY_DESCRIPTION | KSPROPERTY_MEMBERSHEADER  member .. member | KSPROPERTY_MEMBERSHEADER ..
//!   '----------------------------- DescriptionSize --------------------------------------------- ..'
//! ```

use portcls::plain::Plain;
use portcls::raw::GUID;
use portcls::raw::KSPROPERTY_AUDIO_MUTE;
use portcls::raw::KSPROPERTY_AUDIO_VOLUMELEVEL;
use portcls::raw::KSPROPERTY_DESCRIPTION;
use portcls::raw::KSPROPERTY_MEMBER_FLAG_BASICSUPPORT_MULTICHANNEL;
use portcls::raw::KSPROPERTY_MEMBERSHEADER;
use portcls::raw::KSPROPSETID_Audio;

const DESCRIPTION: usize = size_of::<KSPROPERTY_DESCRIPTION>();
const HEADER: usize = size_of::<KSPROPERTY_MEMBERSHEADER>();

/// What is wrong with a whole `answer` to a question for basic support, in words. One that is cut off after the
/// description, or is less than that, says nothing of lists.
pub(super) fn fault(set: GUID, id: u32, answer: &[u8]) -> Option<String> {
    if answer.len() <= DESCRIPTION {
        return None;
    }
    let description = KSPROPERTY_DESCRIPTION::read(answer)?;
    if description.DescriptionSize as usize != answer.len() {
        let told = description.DescriptionSize;
        return Some(format!("a description of {} bytes says that it has {told}", answer.len()));
    }
    let per_channel =
        set == KSPROPSETID_Audio && [KSPROPERTY_AUDIO_VOLUMELEVEL, KSPROPERTY_AUDIO_MUTE].contains(&id);
    let mut rest = &answer[DESCRIPTION..];
    for list in 0..description.MembersListCount {
        let Some(header) = KSPROPERTY_MEMBERSHEADER::read(rest) else {
            return Some(format!(
                "{} lists are announced, and list {list} is not there",
                description.MembersListCount
            ));
        };
        let (count, size) = (header.MembersCount as usize, header.MembersSize as usize);
        rest = &rest[HEADER..];
        let Some(behind) = count.checked_mul(size).and_then(|bytes| rest.get(bytes..)) else {
            return Some(format!(
                "list {list} has {count} members of {size} bytes, and {} are there",
                rest.len()
            ));
        };
        rest = behind;
        let multichannel = header.Flags & KSPROPERTY_MEMBER_FLAG_BASICSUPPORT_MULTICHANNEL != 0;
        if per_channel && list == 0 && (count == 0 || !multichannel) {
            return Some(format!(
                "{count} members, and flags {:#x}: of a property that each channel has, the members are counted by \
                 channels, and KSPROPERTY_MEMBER_FLAG_BASICSUPPORT_MULTICHANNEL says so",
                header.Flags
            ));
        }
    }
    (!rest.is_empty()).then(|| format!("behind the last member there are {} bytes more", rest.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcls::raw::KSPROPERTY_JACK_DESCRIPTION;
    use portcls::raw::KSPROPSETID_Jack;

    /// Lists of so many members of so many bytes each, with flags, each with so many bytes of members.
    fn answer(announced: u32, lists: &[(u32, u32, u32, usize)]) -> Vec<u8> {
        let mut description = KSPROPERTY_DESCRIPTION::ZERO;
        description.MembersListCount = announced;
        let bytes: usize = lists.iter().map(|list| HEADER + list.3).sum();
        description.DescriptionSize = (DESCRIPTION + bytes) as u32;
        let mut all = description.as_bytes().to_vec();
        for (count, size, flags, bytes) in lists {
            let header = KSPROPERTY_MEMBERSHEADER {
                MembersFlags: 2,
                MembersSize: *size,
                MembersCount: *count,
                Flags: *flags,
            };
            all.extend_from_slice(header.as_bytes());
            all.resize(all.len() + bytes, 0);
        }
        all
    }

    #[track_caller]
    fn volume(announced: u32, lists: &[(u32, u32, u32, usize)]) -> String {
        fault(KSPROPSETID_Audio, KSPROPERTY_AUDIO_VOLUMELEVEL, &answer(announced, lists)).unwrap_or_default()
    }

    /// Row 65: basic support.
    #[test]
    fn an_answer_that_is_right_passes() {
        assert_eq!(volume(0, &[]), "");
        assert_eq!(volume(1, &[(2, 16, 2, 32)]), "");
        assert_eq!(volume(2, &[(2, 16, 2, 32), (1, 4, 0, 4)]), "");
        // What is no property of channels need not count them.
        let jack = answer(1, &[(0, 4, 0, 0)]);
        assert_eq!(fault(KSPROPSETID_Jack, KSPROPERTY_JACK_DESCRIPTION, &jack), None);
        // Four bytes of access flags, and the description alone, are answers, too.
        for length in [4, DESCRIPTION] {
            let part = &answer(1, &[(2, 16, 2, 32)])[..length];
            assert_eq!(fault(KSPROPSETID_Audio, KSPROPERTY_AUDIO_MUTE, part), None);
        }
    }

    /// Row 65: basic support.
    #[test]
    fn each_fault_is_told_in_words() {
        for (announced, lists, said) in [
            (1, &[(3, 16, 2, 32)][..], "3 members of 16 bytes, and 32 are there"),
            (1, &[(1, 16, 2, 32)], "16 bytes more"),
            (2, &[(2, 16, 2, 32)], "list 1 is not there"),
            (1, &[(u32::MAX, u32::MAX, 2, 32)], "and 32 are there"),
            (1, &[(0, 16, 2, 0)], "0 members, and flags 0x2"),
            (1, &[(2, 16, 0, 32)], "2 members, and flags 0x0"),
        ] {
            assert!(volume(announced, lists).contains(said), "{said}: {}", volume(announced, lists));
        }
        let mut short = answer(1, &[(2, 16, 2, 32)]);
        short.truncate(DESCRIPTION + HEADER);
        let told = fault(KSPROPSETID_Audio, KSPROPERTY_AUDIO_MUTE, &short);
        assert!(told.is_some_and(|told| told.contains("says that it has 88")));
    }
}
