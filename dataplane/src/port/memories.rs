//! What a device remembers and shows: its EEPROM, that of its transceiver, its registers, its descriptors.

use super::error::Errno;
use super::{Port, QueueId};
use serde::Serialize;
use std::ffi::CString;

/// Why a descriptor cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DescriptorError {
    /// The driver keeps its ring elsewhere than in a memory zone of this name.
    NoRing(String),
    /// The ring ends before this descriptor.
    Beyond,
}

/// A direction of descriptor rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Receive.
    Rx,
    /// Transmit.
    Tx,
}

/// A device's registers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Registers {
    /// Bytes of a register.
    pub width: usize,
    /// Their values, one after the other.
    pub bytes: Vec<u8>,
}

impl<State> Port<State> {
    /// The device's EEPROM as a whole.
    ///
    /// # Errors
    /// [`Errno`]: the device has none, or shows it to nobody.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_dev_get_eeprom`.
    pub fn eeprom(&self) -> Result<Vec<u8>, Errno> {
        // SAFETY: the port exists.
        let length = Errno::count(unsafe { dpdk_sys::rte_eth_dev_get_eeprom_length(self.id().0) })?;
        self.read_eeprom(length as u32, dpdk_sys::rte_eth_dev_get_eeprom)
    }

    /// The EEPROM of the transceiver that is plugged in.
    ///
    /// # Errors
    /// [`Errno`]: the device has no transceiver, or shows its EEPROM to nobody.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_dev_get_module_eeprom`.
    pub fn module_eeprom(&self) -> Result<Vec<u8>, Errno> {
        let mut info = dpdk_sys::rte_eth_dev_module_info::default();
        // SAFETY: the port exists; `info` is written.
        Errno::check(unsafe { dpdk_sys::rte_eth_dev_get_module_info(self.id().0, &mut info) })?;
        self.read_eeprom(info.eeprom_len, dpdk_sys::rte_eth_dev_get_module_eeprom)
    }

    fn read_eeprom(
        &self,
        length: u32,
        read: unsafe extern "C" fn(u16, *mut dpdk_sys::rte_dev_eeprom_info) -> i32,
    ) -> Result<Vec<u8>, Errno> {
        let mut bytes = vec![0_u8; length as usize];
        let data = bytes.as_mut_ptr().cast();
        let mut info = dpdk_sys::rte_dev_eeprom_info {
            data,
            length,
            ..dpdk_sys::rte_dev_eeprom_info::default()
        };
        // SAFETY: the port exists; there is room for `length` bytes.
        Errno::check(unsafe { read(self.id().0, &mut info) })?;
        Ok(bytes)
    }

    /// All registers that the driver shows, in the driver's order.
    ///
    /// # Errors
    /// [`Errno`]: it shows none.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_dev_get_reg_info`.
    pub fn registers(&self) -> Result<Registers, Errno> {
        let mut info = dpdk_sys::rte_dev_reg_info::default();
        // SAFETY: the port exists; without a buffer the call tells count and width.
        Errno::check(unsafe { dpdk_sys::rte_eth_dev_get_reg_info(self.id().0, &mut info) })?;
        // Drivers of old leave the width at zero and mean 32 bits (`rte_dev_info.h`).
        let width = if info.width == 0 { 4 } else { info.width as usize };
        let mut bytes = vec![0_u8; info.length as usize * width];
        info.data = bytes.as_mut_ptr().cast();
        // SAFETY: there is room for `length` registers of `width` bytes, as the driver said itself.
        Errno::check(unsafe { dpdk_sys::rte_eth_dev_get_reg_info(self.id().0, &mut info) })?;
        Ok(Registers { width, bytes })
    }

    /// The bytes of a descriptor as they are in memory now; `size` is that of the device's descriptors.
    ///
    /// # Errors
    /// [`DescriptorError`].
    ///
    /// Source: `ethdev_driver.h`, `rte_eth_dma_zone_reserve` names the rings' memory zones.
    pub fn descriptor(
        &self,
        direction: Direction,
        queue: QueueId,
        desc: u16,
        size: usize,
    ) -> Result<Vec<u8>, DescriptorError> {
        let ring = match direction {
            Direction::Rx => "rx_ring",
            Direction::Tx => "tx_ring",
        };
        let name = format!("eth_p{}_q{queue}_{ring}", self.id());
        let no_ring = || DescriptorError::NoRing(name.clone());
        let c_name = CString::new(name.as_str()).map_err(|_| no_ring())?;
        let mut length = 0;
        // SAFETY: EAL runs; the name is NUL-terminated; `length` is written if there is a zone.
        let zone = unsafe { dpdk_sys::pw_memzone_find(c_name.as_ptr(), &mut length) };
        if zone.is_null() {
            return Err(no_ring());
        }
        let start = usize::from(desc) * size;
        if start + size > length {
            return Err(DescriptorError::Beyond);
        }
        // SAFETY: these bytes are inside the zone, which stays while the port has its queue. The device writes to it at
        // will, hence a volatile read of each: what comes is some recent state of them.
        let byte = |at: usize| unsafe { zone.cast::<u8>().add(at).read_volatile() };
        Ok((start..start + size).map(byte).collect())
    }
}
