package access

import "slices"

// Role says what a user is trusted with.
type Role string

// The roles.
const (
	Viewer   Role = "viewer"   // looks
	Agent    Role = "agent"    // works on cases: the help desk
	Operator Role = "operator" // also runs the fleet
	Admin    Role = "admin"    // also decides about users, tokens and knowledge
)

// Action is something that may be done.
type Action string

// The actions.
const (
	SeeFleet         Action = "fleet.see" // terminals, cases, incidents
	AnswerCase       Action = "case.answer"
	NoteCase         Action = "case.note"
	RepairTerminal   Action = "repair.start" // a step, by hand or remote
	CloseCase        Action = "case.close"
	EditFleet        Action = "fleet.edit"
	EnrolDevice      Action = "device.enrol"
	RevokeDevice     Action = "device.revoke"
	PublishNotice    Action = "notice.publish"
	PromoteKnowledge Action = "knowledge.promote"
	ManageUsers      Action = "users.manage"
	ManageTokens     Action = "tokens.manage"
	SeeAudit         Action = "audit.see"
)

// grants is the table of who may do what. Each role is written out: who reads a line knows all of it.
var grants = map[Role][]Action{
	Viewer: {SeeFleet},
	Agent:  {SeeFleet, AnswerCase, NoteCase, RepairTerminal, CloseCase},
	Operator: {
		SeeFleet, AnswerCase, NoteCase, RepairTerminal, CloseCase, EditFleet, EnrolDevice, RevokeDevice, PublishNotice,
	},
	Admin: {
		SeeFleet, AnswerCase, NoteCase, RepairTerminal, CloseCase, EditFleet, EnrolDevice, RevokeDevice, PublishNotice,
		PromoteKnowledge, ManageUsers, ManageTokens, SeeAudit,
	},
}

// Valid reports whether the role is one of those declared.
func (r Role) Valid() bool { return len(grants[r]) > 0 }

// May reports whether the role is trusted with an action.
func (r Role) May(a Action) bool { return slices.Contains(grants[r], a) }

// Actions lists what the role is trusted with.
func (r Role) Actions() []Action { return slices.Clone(grants[r]) }

// Require gives ErrForbidden when the user may not.
func (u User) Require(a Action) error {
	if u.Role.May(a) {
		return nil
	}
	return ErrForbidden
}
