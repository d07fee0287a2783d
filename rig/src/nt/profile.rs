//! Windows versions: which exports exist and which interfaces the port answers.

use std::fmt;
use std::str::FromStr;

/// A Windows version, by its build number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The build: 10240 is Windows 10 1507, 26100 is Windows 11 24H2.
    pub build: u32,
    /// Which stream resource managers the WaveRT port answers; normally what the build has.
    pub stream_resources: StreamResources,
    /// Whether PortCls has a WaveRT port. Every build has; the kernels before Windows Vista had not.
    pub wavert: bool,
}

/// What `QueryInterface` on the WaveRT port finds of the stream resource managers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamResources {
    /// Neither interface.
    None,
    /// `IPortClsStreamResourceManager` alone (Windows 10 1507).
    V1,
    /// Both interfaces (Windows 10 1511 and later).
    V2,
}

/// The builds that can be asked for.
pub const BUILDS: [u32; 6] = [10240, 10586, 14393, 19041, 22621, 26100];

/// The name under which a build was sold.
pub fn name(build: u32) -> &'static str {
    match build {
        10240 => "Windows 10 1507",
        10586 => "Windows 10 1511",
        14393 => "Windows 10 1607",
        19041 => "Windows 10 2004",
        22621 => "Windows 11 22H2",
        _ => "Windows 11 24H2",
    }
}

impl Profile {
    /// The stream resource managers that the WaveRT port answers, newest first.
    pub fn stream_resource_interfaces(&self) -> Vec<String> {
        let all = ["IPortClsStreamResourceManager2", "IPortClsStreamResourceManager"];
        let known = match self.stream_resources {
            StreamResources::None => &[][..],
            StreamResources::V1 => &all[1..],
            StreamResources::V2 => &all[..],
        };
        known.iter().filter(|_| self.wavert).map(|name| (*name).to_owned()).collect()
    }
}

impl FromStr for Profile {
    type Err = String;

    /// `BUILD`, and behind it `-noresources` for a port that knows no resource manager, or `-nowavert` for a PortCls
    /// without a WaveRT port.
    fn from_str(text: &str) -> Result<Self, String> {
        let bare = text.strip_suffix("-noresources");
        let old = text.strip_suffix("-nowavert");
        let (number, bare, old) = (bare.or(old).unwrap_or(text), bare.is_some(), old.is_some());
        let build = number.parse().ok().filter(|build| BUILDS.contains(build)).ok_or_else(|| {
            format!(
                "no Windows version '{text}': one of {} (or one of these with '-noresources' or '-nowavert' behind it)",
                BUILDS.map(|build| build.to_string()).join(", ")
            )
        })?;
        let stream_resources = match build {
            _ if bare => StreamResources::None,
            10240 => StreamResources::V1,
            _ => StreamResources::V2,
        };
        Ok(Self { build, stream_resources, wavert: !old })
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usual = if self.build == 10240 { StreamResources::V1 } else { StreamResources::V2 };
        let suffix = match self.stream_resources {
            _ if !self.wavert => "-nowavert",
            own if own == usual => "",
            _ => "-noresources",
        };
        write!(f, "{}{suffix}", self.build)
    }
}
