package casebook

import "strings"

// exampled are the causes that the development cases show. What the engine reaches on the others measures knowledge rather than
// experience with the cases; it is reported apart.
func exampled() map[string]bool {
	const causes = `
		acc_country acc_documents acc_dormant acc_merchant_closed acc_moved acc_risk_block acc_serial_unregistered
		acc_settlement_acct acc_shared_mid acc_tax_filing acc_tid_unregistered acc_txn_not_enabled acc_unassigned
		con_paper_out con_paper_path con_paper_reversed cust_card cust_issuer cust_phone env_condensation env_dirt
		env_emi env_liquid host_batch_rejected host_issuer_maint host_maintenance host_outage hw_board hw_chip_dead
		hw_chip_dirty hw_keypad hw_mag_dead hw_mag_dirty hw_pinpad_cable hw_scanner net_2g3g_sunset net_bluetooth
		net_cable_unplugged net_carrier_outage net_dns net_firewall net_line_busy net_line_service net_no_dhcp
		net_no_dialtone net_no_host_route net_offline_expired net_pos_link net_router_hung net_sim_arrears
		net_sim_dead net_sim_quota net_voip_line net_weak_cell net_wrong_lan op_batch op_card_handling op_related_txn
		op_sign_in pow_battery_bad pow_battery_flat pow_contacts pow_film pow_low_for_task pow_outlet_cord
		sec_keys_absent sec_lockout sec_master_key sec_sunset sec_tamper_battery sec_tamper_impact sec_tamper_liquid
		sec_tamper_opened sec_work_key set_acq_logon set_clock set_dial_prefix set_host_addr set_mid_tid_wrong
		set_permission set_pinpad_type set_print set_sim_pin set_sleep set_store_address set_tms_profile
		sw_cert_expired sw_config_missing sw_corrupt_file sw_date_bug sw_hang sw_local_gateway sw_outdated_app
		sw_outdated_fw sw_pos_session sw_storage_full`
	out := map[string]bool{}
	for _, id := range strings.Fields(causes) {
		out[id] = true
	}
	return out
}
