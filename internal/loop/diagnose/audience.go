package diagnose

import "github.com/posmedic/posmedic/internal/kernel/finding"

// answers says who of those present can answer a question, nearest first; "" when nobody can.
func (a Audience) answers(ask []string) string {
	for _, source := range []finding.Source{finding.Merchant, finding.Agent, finding.TMS, finding.Host, finding.Acquirer, finding.Field} {
		if !a.has(source) {
			continue
		}
		for _, s := range ask {
			if s == string(source) {
				return s
			}
		}
	}
	return ""
}

// has says whether a source is present. The help desk looks things up in the management system and in the host's and back
// office's views as well as answering itself; the shop is never asked for any of that. An engineer on site sees what
// the shop sees.
func (a Audience) has(source finding.Source) bool {
	switch source {
	case finding.Merchant:
		return a.Merchant || a.Engineer
	case finding.Agent, finding.TMS, finding.Host, finding.Acquirer:
		return a.Desk
	case finding.Field:
		return a.Engineer
	default:
		return false
	}
}

// performs says whether somebody present carries out steps of a party.
func (a Audience) performs(party string) bool {
	switch party {
	case "remote":
		return a.Remote
	case "merchant":
		return a.Merchant || a.Engineer
	case "helpdesk_remote":
		return a.Desk
	case "field_engineer":
		return a.Engineer
	default:
		return false // back office, carrier and depot are never in the conversation
	}
}
