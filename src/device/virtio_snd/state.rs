//! The commands of a stream, and which of them may follow which.
//!
//! ```text
//!                SET_PARAMS       PREPARE          START
//!   Fresh -----------> Set ----------> Prepared --------> Running
//!                      ^ ^                | |   ^           |
//!                      | +--SET_PARAMS----+ |   |           | STOP
//!                      |                 RELEASE|           v
//!                      |                    v   |  RELEASE
//!                      +----SET_PARAMS-- Released <------ Stopped --START--> Running
//!                                           +---PREPARE--> Prepared
//! ```
//!
//! Source: virtio 1.3, 5.14.6.6.1 ("PCM Command Lifecycle"). Devices differ in what they do with any other order; this
//! driver sends none.

/// What the device has been told last of a stream, and agreed to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Told {
    /// Nothing since its reset.
    #[default]
    Fresh,
    /// SET_PARAMS.
    Set,
    /// PREPARE.
    Prepared,
    /// START.
    Running,
    /// STOP.
    Stopped,
    /// RELEASE.
    Released,
}

/// A command of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Sets the parameters.
    SetParams,
    /// Gets the stream ready.
    Prepare,
    /// Has it run.
    Start,
    /// Has it stand still.
    Stop,
    /// Has the device give everything back.
    Release,
}

impl Told {
    /// Where `command` leads; none if it must not be sent now.
    pub(crate) const fn after(self, command: Command) -> Option<Self> {
        match (self, command) {
            (Self::Fresh | Self::Set | Self::Prepared | Self::Released, Command::SetParams) => {
                Some(Self::Set)
            }
            (Self::Set | Self::Prepared | Self::Released, Command::Prepare) => Some(Self::Prepared),
            (Self::Prepared | Self::Stopped, Command::Start) => Some(Self::Running),
            (Self::Running, Command::Stop) => Some(Self::Stopped),
            (Self::Prepared | Self::Stopped, Command::Release) => Some(Self::Released),
            _ => None,
        }
    }

    /// The command to send next in order to get to where `goal` is told; none if the stream is there.
    ///
    /// On the way to [`Told::Prepared`] the parameters are always set anew unless they are set, but not prepared, now.
    pub(crate) const fn towards(self, goal: Self) -> Option<Command> {
        match (self, goal) {
            (Self::Fresh, Self::Fresh | Self::Released)
            | (Self::Set, Self::Set | Self::Released | Self::Fresh)
            | (Self::Prepared, Self::Prepared)
            | (Self::Running, Self::Running)
            | (Self::Stopped, Self::Stopped)
            | (Self::Released, Self::Released | Self::Fresh) => None,
            (Self::Running, _) => Some(Command::Stop),
            (Self::Stopped, Self::Running) => Some(Command::Start),
            (Self::Stopped, _) => Some(Command::Release),
            (Self::Fresh | Self::Released, _) => Some(Command::SetParams),
            (Self::Set, _) => Some(Command::Prepare),
            (Self::Prepared, Self::Set) => Some(Command::SetParams),
            (Self::Prepared, Self::Fresh | Self::Released) => Some(Command::Release),
            (Self::Prepared, Self::Running | Self::Stopped) => Some(Command::Start),
        }
    }
}

impl Command {
    /// The code of the request.
    pub(crate) const fn code(self) -> u32 {
        use super::wire::request;
        match self {
            Self::SetParams => request::PCM_SET_PARAMS,
            Self::Prepare => request::PCM_PREPARE,
            Self::Start => request::PCM_START,
            Self::Stop => request::PCM_STOP,
            Self::Release => request::PCM_RELEASE,
        }
    }
}
