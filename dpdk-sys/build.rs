//! Finds the system's libdpdk, generates the declarations and compiles the shim.
//!
//! A build that cannot find DPDK stops here with the package to install; there is no stub to fall back to.

#![allow(clippy::expect_used, reason = "a build script has nobody to return an error to")]

use std::path::PathBuf;
use std::process::{Command, exit};

/// The oldest release whose names this crate uses (Debian 12's).
const OLDEST: &str = "22.11";

fn main() {
    println!("cargo:rerun-if-changed=wrapper.h");
    println!("cargo:rerun-if-changed=compat.h");
    println!("cargo:rerun-if-changed=shim.h");
    println!("cargo:rerun-if-changed=shim.c");
    println!("cargo:rerun-if-changed=events.c");

    if let Err(error) = pkg_config::Config::new().atleast_version(OLDEST).probe("libdpdk") {
        refuse(&error);
    }
    // In-process ports are made by this driver's own function, and only that one knows the guest of its ports: they are
    // linked and not only loaded.
    for driver in ["rte_net_ring", "rte_net_vhost"] {
        println!("cargo:rustc-link-lib={driver}");
    }

    let flags = compiler_flags();
    cc::Build::new()
        .files(["shim.c", "events.c"])
        .flags(&flags)
        .opt_level(3)
        .warnings(true)
        .compile("pollway_shim");
    generate(&flags);
}

/// Ends the build with a sentence that names the mend.
fn refuse(error: &pkg_config::Error) -> ! {
    match pkg_config::Config::new().probe("libdpdk") {
        Ok(found) => eprintln!(
            "error: libdpdk {} is too old: Pollway needs {OLDEST} or newer (Debian 12, Ubuntu 24.04 and later have it).",
            found.version
        ),
        Err(_) => eprintln!(
            "error: libdpdk was not found by pkg-config ({error}).\n\
             Install it with: apt-get install libdpdk-dev libclang-dev pkg-config   (or run scripts/setup.sh)"
        ),
    }
    exit(1)
}

/// libdpdk's own compiler flags: its `-march` and `-include rte_config.h` decide the layout of its structures, and
/// the pkg-config crate keeps neither.
fn compiler_flags() -> Vec<String> {
    // The same program as the pkg-config crate asks.
    let program = std::env::var_os("PKG_CONFIG").unwrap_or_else(|| "pkg-config".into());
    let output = Command::new(program)
        .args(["--cflags", "libdpdk"])
        .output()
        .expect("pkg-config ran a moment ago");
    assert!(output.status.success(), "pkg-config knows libdpdk: it was found a moment ago");
    let text = String::from_utf8(output.stdout).expect("pkg-config prints UTF-8");
    let mut flags = vec!["-D_GNU_SOURCE".to_owned()];
    flags.extend(text.split_whitespace().map(str::to_owned));
    flags
}

fn generate(flags: &[String]) {
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    bindgen::Builder::default()
        .header("wrapper.h")
        .clang_args(flags)
        // Rust reads an mbuf through the offsets in compat.h, and never looks into the others.
        .opaque_type("rte_mbuf|rte_mempool|rte_ring|rte_memseg_list|rte_rcu_qsbr")
        .allowlist_type("rte_eth_(conf|dev_info|rxconf|txconf|stats|xstat|xstat_name|rss_conf|fp_ops)")
        .allowlist_type("rte_eth_(fc_conf|rxq_info|txq_info|burst_mode|dcb_info|dev_module_info|rss_reta_entry64|tunnel_type|fec_mode)")
        .allowlist_type("rte_dev_(eeprom_info|reg_info|iterator)|rte_malloc_socket_stats")
        .allowlist_type("rte_flow_(attr|item|action|error|query_count)|rte_flow_action_(jump|mark|queue|count|rss|port_id)")
        .allowlist_type("rte_flow_item_(any|eth|vlan|ipv4|ipv6|icmp|udp|tcp|sctp|vxlan|gre)")
        .allowlist_type("rte_meter_srtcm(_params|_profile)?")
        .allowlist_function("rte_meter_srtcm_(profile_config|config)")
        .allowlist_type("rte_gro_param|rte_gso_ctx")
        .allowlist_type("rte_ether_addr|rte_lcore_state_t|pw_.*")
        .allowlist_function("pw_.*")
        .allowlist_function("rte_eal_(init|cleanup|remote_launch|wait_lcore|get_lcore_state|get_runtime_dir|has_hugepages)")
        .allowlist_function("rte_(get_main_lcore|get_next_lcore|lcore_to_socket_id)")
        .allowlist_function("rte_(version|strerror|get_tsc_hz)")
        .allowlist_function("rte_rcu_qsbr_(get_memsize|init|thread_register|thread_unregister)|rte_eal_alarm_set")
        .allowlist_function("rte_eth_timesync_(enable|read_rx_timestamp|read_tx_timestamp)")
        .allowlist_function("rte_eth_read_clock|rte_mbuf_dyn_rx_timestamp_register")
        .allowlist_function("rte_dev_(probe|remove|name|driver|bus|bus_info|numa_node|iterator_init|iterator_next)")
        .allowlist_function("rte_(dev_event|eth_dev)_callback_register|rte_dev_(hotplug_handle_enable|event_monitor_start)")
        .allowlist_function("rte_driver_name|rte_bus_(find|name)")
        .allowlist_function("rte_(dump_physmem_layout|memzone_dump|devargs_dump|log_dump|lcore_dump)")
        .allowlist_function("rte_malloc_get_socket_stats|rte_get_(ptype_name|rx_ol_flag_list|tx_ol_flag_list)")
        .allowlist_function("rte_pktmbuf_(pool_create|free_bulk|copy)")
        .allowlist_function("rte_gro_(ctx_create|ctx_destroy|reassemble_burst|reassemble|timeout_flush|get_pkt_count)")
        .allowlist_function("rte_gso_segment")
        .allowlist_function("rte_mempool_(free|avail_count|list_dump|lookup|dump)")
        .allowlist_function("rte_ring_(create_elem|free|list_dump|lookup|dump)")
        .allowlist_function("rte_eth_(call_rx_callbacks|call_tx_callbacks|from_rings|find_next_owned_by|macaddr_get)")
        .allowlist_function("rte_eth_(add|remove)_(rx|tx)_callback")
        .allowlist_function("rte_eth_dev_(configure|start|stop|close|info_get|get_mtu|set_mtu)")
        .allowlist_function("rte_eth_dev_(get_port_by_name|get_name_by_port|socket_id)")
        .allowlist_function("rte_eth_dev_adjust_nb_rx_tx_desc")
        .allowlist_function("rte_eth_dev_default_mac_addr_set")
        .allowlist_function("rte_eth_dev_((rx|tx)_offload|capability)_name")
        .allowlist_function("rte_eth_(rx|tx)_(queue_setup|queue_info_get|burst_mode_get)")
        .allowlist_function("rte_eth_(promiscuous|allmulticast)_(enable|disable|get)")
        .allowlist_function("rte_eth_dev_(set_link_up|set_link_down|conf_get|fw_version_get)")
        .allowlist_function("rte_eth_(macaddrs_get|dev_mac_addr_add|dev_mac_addr_remove|dev_set_mc_addr_list)")
        .allowlist_function("rte_eth_dev_(get_vlan_offload|set_vlan_offload|set_vlan_strip_on_queue|vlan_filter)")
        .allowlist_function("rte_eth_dev_(set_vlan_ether_type|set_vlan_pvid)")
        .allowlist_function("rte_eth_dev_(rss_hash_conf_get|rss_hash_update|rss_reta_query|rss_reta_update)")
        .allowlist_function("rte_eth_dev_(flow_ctrl_get|flow_ctrl_set|get_dcb_info)")
        .allowlist_function("rte_eth_dev_priority_flow_ctrl_(set|queue_configure)|rte_eth_fec_(get|set|get_capability)")
        .allowlist_function("rte_eth_dev_uc_(hash_table_set|all_hash_table_set)|rte_eth_tx_done_cleanup")
        .allowlist_function("rte_metrics_(init|deinit|get_names|get_values)|rte_latencystats_(init|update|uninit)")
        .allowlist_function("rte_stats_bitrate_(create|free|reg|calc)")
        .allowlist_function("rte_eth_dev_(get_supported_ptypes|set_ptypes)")
        .allowlist_function("rte_eth_dev_(get_eeprom_length|get_eeprom|get_module_info|get_module_eeprom|get_reg_info)")
        .allowlist_function("rte_eth_dev_udp_tunnel_port_(add|delete)")
        .allowlist_function("rte_eth_dev_set_(rx|tx)_queue_stats_mapping|rte_eth_set_queue_rate_limit")
        .allowlist_function("rte_eth_dev_(reset|[rt]x_queue_(start|stop))|rte_eth_speed_bitflag")
        .allowlist_function("rte_log_set_(global_level|level_regexp)")
        .allowlist_function("rte_flow_(validate|create|destroy|flush|isolate|query|pick_transfer_proxy)")
        .allowlist_function("rte_eth_(stats_get|stats_reset|xstats_get|xstats_get_names|xstats_reset)")
        .allowlist_function("rte_eth_vhost_get_vid_from_port_id|rte_vhost_driver_(disable|get)_features")
        .allowlist_function("rte_vhost_get_(negotiated_features|negotiated_protocol_features|mtu|mem_table)")
        .allowlist_function("rte_vhost_get_(vring_num|vhost_vring|vring_base)|rte_vhost_extern_callback_register|rte_vhost_set_vring_base")
        .allowlist_function("rte_vhost_vring_stats_(get|get_names)")
        .allowlist_function("rte_mem_virt2memseg_list")
        .allowlist_var("RTE_METRICS_GLOBAL")
        .allowlist_var("rte_eth_fp_ops|PW_.*|RTE_(MAX_LCORE|MAX_ETHPORTS|PKTMBUF_HEADROOM)")
        .allowlist_var("RTE_(MEMPOOL_CACHE_MAX_SIZE|ETH_DEV_NO_OWNER|ETH_NAME_MAX_LEN)|RING_F_S[PC]_.*")
        .allowlist_var("RTE_ETH_((VLAN|QINQ)_.*_OFFLOAD|QUEUE_STATE_.*|[RT]X_DESC_.*|DEV_SWITCH_DOMAIN_ID_INVALID)")
        .allowlist_var("RTE_ETH_(ALL|RETA_GROUP_SIZE|DCB_NUM_.*|VLAN_TYPE_(INNER|OUTER)|ERROR_HANDLE_MODE_.*|FC_.*)")
        .allowlist_var("RTE_FLOW_(ITEM|ACTION|ERROR)_TYPE_.*|RTE_ETH_HASH_FUNCTION_.*")
        .allowlist_var("RTE_PTYPE_(.*_MASK|L2_ETHER|L3_IPV4_EXT_UNKNOWN|L4_TCP)|RTE_MAX_NUMA_NODES")
        .default_enum_style(bindgen::EnumVariation::Consts)
        .prepend_enum_name(false)
        .derive_debug(false)
        .derive_default(true)
        .generate_comments(false)
        .layout_tests(true)
        .wrap_unsafe_ops(true)
        .generate()
        .expect("libdpdk's headers are readable: is libclang-dev installed?")
        .write_to_file(out.join("bindings.rs"))
        .expect("OUT_DIR is writable");
}
