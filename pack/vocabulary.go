package pack

// The closed lists of the format. They are functions, so that nobody can change them for everybody else.

// Parties are those who can repair something, by where the work is done.
func Parties() []string {
	return []string{"merchant", "helpdesk_remote", "acquirer_backoffice", "telecom", "field_engineer", "depot"}
}

// Performers are those who carry out steps: the parties, and the terminal itself through its agent.
func Performers() []string { return append([]string{"remote"}, Parties()...) }

// CodeParties are those who must act on a response code: the parties, and people outside.
func CodeParties() []string { return append([]string{"nobody", "cardholder", "issuer"}, Parties()...) }

// Suppliers are those who can supply a finding; the words are those of finding.Source.
func Suppliers() []string { return []string{"merchant", "agent", "tms", "host", "acquirer", "field"} }

// FindingGroups are the groups of variables.
func FindingGroups() []string {
	return []string{"report", "screen", "power", "network", "cellular", "hardware", "printer", "card", "keys_security",
		"software", "settings", "account", "host", "scope", "environment", "history", "outcome"}
}

// FaultGroups are the groups of faults.
func FaultGroups() []string {
	return []string{"network", "software", "settings", "security", "account", "acquirer_host", "power", "hardware",
		"environment", "consumables", "user_operation", "card_or_customer"}
}

// SourceKinds say how much a source is worth.
func SourceKinds() []string { return []string{"judgement", "standard", "vendor", "public", "measured"} }

// CodeSets are the tables of response codes; the same number means different things in each.
func CodeSets() []string { return []string{"unionpay", "iso", "as2805", "gicc", "other"} }

// Probes are the machine probes a variable may name.
func Probes() []string {
	return []string{"power", "temperature", "storage", "memory", "uptime", "clock", "link", "address", "gateway", "dns",
		"portal", "tcp", "tls", "echo", "sign_in", "app", "version", "sim", "printer", "reader", "keys", "tamper"}
}

// Command is something an agent may be told to do.
type Command struct {
	ID     string
	Breaks []string // hazards that every step with this command must name in its breaks
}

// Commands are the remote commands a step may name; the wire protocol knows the same ones.
func Commands() []Command {
	return []Command{
		{ID: "restart_app", Breaks: []string{"do_not_restart"}},
		{ID: "sign_in"},
		{ID: "set_clock"},
		{ID: "renew_address"},
		{ID: "fetch_logs"},
		{ID: "restore_config"},
		{ID: "send_unsent"},
		{ID: "run_probes"},
	}
}

func findCommand(id string) (Command, bool) {
	for _, c := range Commands() {
		if c.ID == id {
			return c, true
		}
	}
	return Command{}, false
}

func commandIDs() []string {
	var ids []string
	for _, c := range Commands() {
		ids = append(ids, c.ID)
	}
	return ids
}
