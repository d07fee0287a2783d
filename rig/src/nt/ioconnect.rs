//! `IoConnectInterruptEx` and `IoDisconnectInterruptEx` (iointex/nf-iointex-wdmlibioconnectinterruptex,
//! wdm/ns-wdm-_io_connect_interrupt_parameters, -_io_disconnect_interrupt_parameters).

use core::ffi::c_void;
use std::cell::RefCell;
use std::rc::Rc;

use super::At;
use super::InterruptState;
use super::Kernel;
use super::abi::CONNECT_FULLY_SPECIFIED;
use super::abi::CONNECT_FULLY_SPECIFIED_GROUP;
use super::abi::CONNECT_LINE_BASED;
use super::abi::CONNECT_MESSAGE_BASED;
use super::abi::CONNECT_MESSAGE_BASED_PASSIVE;
use super::abi::FullySpecified;
use super::abi::IoConnectInterruptParameters;
use super::abi::IoDisconnectInterruptParameters;
use super::abi::LineBased;
use super::abi::MessageBased;
use super::abi::MessageInfo;
use super::abi::MessageInfoEntry;
use super::abi::NtStatus;
use super::abi::STATUS_INSUFFICIENT_RESOURCES;
use super::abi::STATUS_INVALID_DEVICE_REQUEST;
use super::abi::STATUS_INVALID_PARAMETER;
use super::abi::STATUS_SUCCESS;
use super::exports::declare_exports;
use super::interrupt::DEVICE_IRQL;
use super::interrupt::Routine;
use super::interrupt::Source;
use super::message;

/// `STATUS_INVALID_PARAMETER_1` and `_10`.
const STATUS_INVALID_PARAMETER_1: NtStatus = 0xC000_00EF_u32 as i32;
const STATUS_INVALID_PARAMETER_10: NtStatus = 0xC000_00F8_u32 as i32;
/// `STATUS_NOT_FOUND`.
const STATUS_NOT_FOUND: NtStatus = 0xC000_0225_u32 as i32;

/// `LevelSensitive` and `Latched` of `KINTERRUPT_MODE`.
const LEVEL_SENSITIVE: u32 = 0;
const LATCHED: u32 = 1;
/// `InterruptRisingEdge` of `KINTERRUPT_POLARITY`.
const RISING_EDGE: u32 = 1;

/// What one call of `IoConnectInterruptEx` made.
struct Connection {
    /// The version that `IoDisconnectInterruptEx` must be told.
    version: u32,
    /// What the driver got: a `PKINTERRUPT`, or the table below.
    context: u64,
    interrupts: Vec<Rc<InterruptState>>,
    _table: Option<Box<[u64]>>,
}

/// The connections of drivers.
#[derive(Default)]
pub(crate) struct Connections(RefCell<Vec<Connection>>);

impl Kernel {
    /// Whether the device was given its line: it is not where it was given messages.
    fn line_assigned(&self) -> bool {
        self.messages.count() == 0 && self.hardware.borrow().resources().interrupt.is_some()
    }

    fn connect_one(
        &self,
        version: u32,
        (routine, context): (Routine, *mut c_void),
        irql: u8,
        source: Source,
        out: At<*mut c_void>,
    ) -> NtStatus {
        let interrupt = InterruptState::new(routine, context, irql, source);
        let pointer = interrupt.pointer();
        out.write(pointer);
        let connection = Connection {
            version,
            context: pointer as u64,
            interrupts: vec![interrupt.clone()],
            _table: None,
        };
        self.connections.0.borrow_mut().push(connection);
        self.connect_interrupt(interrupt);
        STATUS_SUCCESS
    }

    /// One interrupt as its translated resource describes it: the shared line, or one message.
    fn connect_fully_specified(&self, version: u32, wanted: FullySpecified) -> NtStatus {
        let Some(routine) = wanted.service_routine else { return STATUS_INVALID_PARAMETER };
        if !self.io.owns(wanted.physical_device_object.cast()) || wanted.interrupt_object.is_null() {
            return STATUS_INVALID_PARAMETER;
        }
        if wanted.processor_enable_mask & 1 == 0 {
            return STATUS_INVALID_PARAMETER_10;
        }
        let number = wanted.vector.wrapping_sub(self.vector(0));
        let (source, mode) = match self.messages.count() {
            0 if number == 0 && self.line_assigned() => (Source::Line, LEVEL_SENSITIVE),
            count if number < u32::from(count) => (Source::Message(number as u16), LATCHED),
            _ => return STATUS_NOT_FOUND,
        };
        let shared = source != Source::Line || wanted.share_vector != 0;
        let levels = wanted.irql == DEVICE_IRQL && wanted.synchronize_irql >= wanted.irql;
        let group = version == CONNECT_FULLY_SPECIFIED || wanted.group == 0;
        if !shared || !levels || !group || wanted.interrupt_mode != mode {
            return STATUS_INVALID_PARAMETER;
        }
        if self.injection.fails("IoConnectInterruptEx") {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        let routine = (Routine::Plain(routine), wanted.service_context);
        self.connect_one(version, routine, wanted.synchronize_irql, source, At::new(wanted.interrupt_object))
    }

    /// The device's line; where it has one message instead, that.
    fn connect_line(&self, wanted: LineBased) -> NtStatus {
        let Some(routine) = wanted.service_routine else { return STATUS_INVALID_PARAMETER };
        if !self.io.owns(wanted.physical_device_object.cast()) || wanted.interrupt_object.is_null() {
            return STATUS_INVALID_PARAMETER;
        }
        let source = match self.messages.count() {
            0 if self.line_assigned() => Source::Line,
            0 => return STATUS_NOT_FOUND,
            1 => Source::Message(0),
            _ => return STATUS_INVALID_DEVICE_REQUEST,
        };
        if self.injection.fails("IoConnectInterruptEx") {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        let irql = DEVICE_IRQL.max(wanted.synchronize_irql);
        let routine = (Routine::Plain(routine), wanted.service_context);
        self.connect_one(CONNECT_LINE_BASED, routine, irql, source, At::new(wanted.interrupt_object))
    }

    /// All messages of the device, or its line with the routine for that case. Returns the version that applies.
    fn connect_messages(&self, wanted: MessageBased) -> Result<u32, NtStatus> {
        let Some(routine) = wanted.message_service_routine else { return Err(STATUS_INVALID_PARAMETER) };
        if !self.io.owns(wanted.physical_device_object.cast()) || wanted.connection_context.is_null() {
            return Err(STATUS_INVALID_PARAMETER);
        }
        let out = At::new(wanted.connection_context);
        let irql = DEVICE_IRQL.max(wanted.synchronize_irql);
        let count = self.messages.count();
        if count == 0 {
            let fall_back = wanted.fall_back_service_routine.filter(|_| self.line_assigned());
            let Some(routine) = fall_back else { return Err(STATUS_NOT_FOUND) };
            if self.injection.fails("IoConnectInterruptEx") {
                return Err(STATUS_INSUFFICIENT_RESOURCES);
            }
            let routine = (Routine::Plain(routine), wanted.service_context);
            self.connect_one(CONNECT_LINE_BASED, routine, irql, Source::Line, out);
            return Ok(CONNECT_LINE_BASED);
        }
        if self.injection.fails("IoConnectInterruptEx") {
            return Err(STATUS_INSUFFICIENT_RESOURCES);
        }
        let make = |number: u16| {
            let routine = Routine::Message(routine, number.into());
            InterruptState::new(routine, wanted.service_context, irql, Source::Message(number))
        };
        let interrupts: Vec<_> = (0..count).map(make).collect();
        let table = table(self, irql, &interrupts);
        let context = table.as_ptr() as u64;
        out.write(context as *mut c_void);
        let connection = Connection {
            version: CONNECT_MESSAGE_BASED,
            context,
            interrupts: interrupts.clone(),
            _table: Some(table),
        };
        self.connections.0.borrow_mut().push(connection);
        interrupts.into_iter().for_each(|interrupt| self.connect_interrupt(interrupt));
        Ok(CONNECT_MESSAGE_BASED)
    }
}

/// `IO_INTERRUPT_MESSAGE_INFO` for these messages.
fn table(kernel: &Kernel, irql: u8, interrupts: &[Rc<InterruptState>]) -> Box<[u64]> {
    const HEAD: usize = core::mem::offset_of!(MessageInfo, message_info);
    let bytes = HEAD + interrupts.len() * size_of::<MessageInfoEntry>();
    let mut table = vec![0_u64; bytes.div_ceil(8)].into_boxed_slice();
    let base = table.as_mut_ptr();
    let head = At::new(base.cast::<MessageInfo>());
    head.with(|head| {
        head.unified_irql = irql;
        head.message_count = interrupts.len() as u32;
    });
    let first = base.wrapping_byte_add(HEAD).cast::<MessageInfoEntry>();
    for (number, interrupt) in interrupts.iter().enumerate() {
        At::new(first.wrapping_add(number)).write(MessageInfoEntry {
            message_address: message::address(number as u16),
            target_processor_set: 1,
            interrupt_object: interrupt.pointer(),
            message_data: kernel.vector(number as u16),
            vector: kernel.vector(number as u16),
            irql: DEVICE_IRQL,
            mode: LATCHED,
            polarity: RISING_EDGE,
        });
    }
    table
}

declare_exports! { "ntoskrnl.exe";
    /// Interrupts fully specified, by the device's line, or by its messages.
    fn IoConnectInterruptEx(parameters: At<IoConnectInterruptParameters>) -> NtStatus |kernel| {
        let version = At::new(parameters.pointer().cast::<u32>()).read();
        let arm = parameters.pointer().wrapping_byte_add(core::mem::offset_of!(IoConnectInterruptParameters, fully_specified));
        match version {
            CONNECT_FULLY_SPECIFIED | CONNECT_FULLY_SPECIFIED_GROUP => {
                kernel.connect_fully_specified(version, At::new(arm.cast()).read())
            }
            CONNECT_LINE_BASED => kernel.connect_line(At::new(arm.cast()).read()),
            CONNECT_MESSAGE_BASED => match kernel.connect_messages(At::new(arm.cast()).read()) {
                Ok(version) => {
                    At::new(parameters.pointer().cast::<u32>()).write(version);
                    STATUS_SUCCESS
                }
                Err(status) => status,
            },
            CONNECT_MESSAGE_BASED_PASSIVE => kernel.verifier.not_played(kernel, "message interrupts at PASSIVE_LEVEL"),
            _ => STATUS_INVALID_PARAMETER_1,
        }
    }

    fn IoDisconnectInterruptEx(parameters: At<IoDisconnectInterruptParameters>) |kernel| {
        let (version, context) = parameters.with(|parameters| (parameters.version, parameters.interrupt_object));
        let known = kernel.connections.0.borrow().iter().position(|each| each.context == context as u64);
        let Some(place) = known else { kernel.verifier.bad_interrupt(kernel, context as u64) };
        let right = kernel.connections.0.borrow()[place].version;
        if version != right {
            kernel.verifier.wrong_disconnect(kernel, context as u64, version, right);
        }
        let interrupts = kernel.connections.0.borrow()[place].interrupts.clone();
        for interrupt in interrupts {
            kernel.verifier.check_interrupt_unregistered(kernel, interrupt.pointer());
            kernel.disconnect_interrupt(interrupt.pointer());
        }
        kernel.connections.0.borrow_mut().retain(|each| each.context != context as u64);
    }
}
