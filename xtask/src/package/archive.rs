//! A zip file for people, and a cabinet for Microsoft's dashboard.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use cab::{CabinetBuilder, CompressionType};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::date::Date;
use crate::failure::Failure;

/// Puts `names`, files of `folder`, into a zip file, below a folder called `root`, all of them of the same `date`.
///
/// # Errors
/// [`Failure::Environment`] where one of them cannot be read, or the file cannot be written.
pub(super) fn zip(folder: &Path, names: &[String], root: &str, date: Date, to: &Path) -> Result<(), Failure> {
    let write = || -> io::Result<()> {
        let ((year, month, day), (hour, minute, second)) = (date.day(), date.time());
        let small = |number: u64| u8::try_from(number).map_err(io::Error::other);
        let year = u16::try_from(year).map_err(io::Error::other)?;
        let time = DateTime::from_date_and_time(
            year,
            small(month)?,
            small(day)?,
            small(hour)?,
            small(minute)?,
            small(second)?,
        )
        .map_err(io::Error::other)?;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(time)
            .unix_permissions(0o644);
        let mut zip = ZipWriter::new(File::create(to)?);
        for name in names {
            zip.start_file(format!("{root}/{name}"), options)?;
            io::copy(&mut File::open(folder.join(name))?, &mut zip)?;
        }
        zip.finish()?.flush()
    };
    write().map_err(|error| Failure::io(to, &error))
}

/// Puts `names`, files of `folder`, into a cabinet, in a folder called `root`: the dashboard wants none at the top.
///
/// # Errors
/// [`Failure::Environment`] where one of them cannot be read, or the cabinet cannot be written.
pub(super) fn cabinet(folder: &Path, names: &[String], root: &str, to: &Path) -> Result<(), Failure> {
    let write = || -> io::Result<()> {
        let mut builder = CabinetBuilder::new();
        let contents = builder.add_folder(CompressionType::MsZip);
        for name in names {
            contents.add_file(format!(r"{root}\{name}"));
        }
        let mut cabinet = builder.build(File::create(to)?)?;
        while let Some(mut file) = cabinet.next_file()? {
            let name = file.file_name().rsplit('\\').next().unwrap_or_default().to_owned();
            io::copy(&mut File::open(folder.join(name))?, &mut file)?;
        }
        cabinet.finish()?;
        undated(to)
    };
    write().map_err(|error| Failure::io(to, &error))
}

/// Strikes the time of the build out of a cabinet's entries: the library knows no other.
///
/// Layout: [MS-CAB] 2.1, 2.3: the header says where the entries begin (at 16) and how many there are (at 28); an entry
/// is sixteen bytes, of which those at 10 are date and time, and a name with a terminating null.
fn undated(path: &Path) -> io::Result<()> {
    /// 1980-01-01, the first day there is, 00:00:00.
    const FIRST_DAY: [u8; 4] = [0x21, 0, 0, 0];
    let mut file = File::options().read(true).write(true).open(path)?;
    let mut header = [0; 36];
    file.read_exact(&mut header)?;
    let mut at = u64::from(u32::from_le_bytes([header[16], header[17], header[18], header[19]]));
    for _ in 0..u16::from_le_bytes([header[28], header[29]]) {
        file.seek(SeekFrom::Start(at + 10))?;
        file.write_all(&FIRST_DAY)?;
        file.seek(SeekFrom::Start(at + 16))?;
        let mut name = [0; 256];
        let count = file.read(&mut name)?;
        let end = name[..count].iter().position(|byte| *byte == 0).ok_or(io::ErrorKind::InvalidData)?;
        at += 16 + u64::try_from(end).map_err(io::Error::other)? + 1;
    }
    Ok(())
}
