//! What ports are to the switch, changed while it runs.

use super::Switch;
use crate::port::PortId;
use crate::switch::policy::{Mirror, PolicyError, PortPolicy, SwitchConfig, check_mirrors};
use std::time::Duration;

impl Switch {
    /// What the switch is to be, as it was last told.
    pub fn config(&self) -> SwitchConfig {
        self.lock().config.clone()
    }

    /// What a port is to the switch.
    pub fn port_policy(&self, port: PortId) -> PortPolicy {
        self.lock().config.ports.get(&port).cloned().unwrap_or_default()
    }

    /// Changes what a port is to the switch. Addresses that were learned there stay, and age.
    ///
    /// # Errors
    /// [`PolicyError`]; nothing has changed then.
    pub fn set_port_policy(&self, port: PortId, policy: PortPolicy) -> Result<(), PolicyError> {
        policy.check()?;
        let mut state = self.lock();
        state.config.ports.insert(port, policy);
        state.publish();
        Ok(())
    }

    /// Changes which packets are copied where.
    ///
    /// # Errors
    /// [`PolicyError`]; nothing has changed then.
    pub fn set_mirrors(&self, mirrors: Vec<Mirror>) -> Result<(), PolicyError> {
        check_mirrors(&mirrors)?;
        let mut state = self.lock();
        state.config.mirrors = mirrors;
        state.publish();
        Ok(())
    }

    /// Changes how long addresses are remembered.
    ///
    /// # Errors
    /// [`PolicyError::Aging`].
    pub fn set_aging(&self, aging: Duration) -> Result<(), PolicyError> {
        if aging < Duration::from_secs(1) {
            return Err(PolicyError::Aging);
        }
        self.lock().config.aging = aging;
        Ok(())
    }
}
