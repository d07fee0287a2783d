//! Signal processing modes. Nothing processes the sound between client and device, so that RAW is what DEFAULT is.

use portcls::descriptor::Attributes;
use portcls::irql::{Irql, Passive};
use portcls::modes::AudioSignalProcessing;
use portcls::raw::{
    AUDIO_SIGNALPROCESSINGMODE_DEFAULT, AUDIO_SIGNALPROCESSINGMODE_RAW, GUID, KSATTRIBUTE,
    KSATTRIBUTEID_AUDIOSIGNALPROCESSING_MODE,
};
use portcls::{Result, Status};

use super::face::Faced;
use super::miniport::WaveMiniport;
use crate::device::SoundDevice;

/// The modes of every pin that clients open.
const MODES: [GUID; 2] = [AUDIO_SIGNALPROCESSINGMODE_DEFAULT, AUDIO_SIGNALPROCESSINGMODE_RAW];

/// A client may name a mode behind its format.
const MAY_NAME_A_MODE: KSATTRIBUTE = KSATTRIBUTE {
    Size: size_of::<KSATTRIBUTE>() as u32,
    Flags: 0,
    Attribute: KSATTRIBUTEID_AUDIOSIGNALPROCESSING_MODE,
};

/// What follows each data range.
pub(super) static ATTRIBUTES: Attributes = Attributes::new(&[&MAY_NAME_A_MODE]);

/// Takes the mode that a client has named, if it has named one.
///
/// # Errors
///
/// `STATUS_NOT_SUPPORTED` for a mode that the pins do not have.
pub(super) fn accept(mode: Option<GUID>) -> Result {
    match mode {
        Some(mode) if !MODES.contains(&mode) => Err(Status::NOT_SUPPORTED),
        _ => Ok(()),
    }
}

impl<D: SoundDevice> AudioSignalProcessing for WaveMiniport<D> {
    fn modes(&self, _irql: &mut Irql<Passive>, pin: u32) -> Result<&'static [GUID]> {
        self.face().expect_host_pin(pin)?;
        Ok(&MODES)
    }
}
