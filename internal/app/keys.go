package app

import (
	"context"

	"github.com/posmedic/posmedic/internal/access/accesssql"
	"github.com/posmedic/posmedic/internal/casefile/casefilesql"
	"github.com/posmedic/posmedic/internal/fleet/fleetsql"
	"github.com/posmedic/posmedic/internal/incident"
	"github.com/posmedic/posmedic/internal/knowledge"
	"github.com/posmedic/posmedic/internal/loop"
	"github.com/posmedic/posmedic/internal/loop/repair/repairsql"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
)

// Keys opens the rooms of a started app to programs that hold the whole of it: the demo, benches and tests.
type Keys struct {
	DB        *sqldb.DB
	Access    *accesssql.Store
	Fleet     *fleetsql.Store
	Cases     *casefilesql.Store
	Attempts  *repairsql.Store
	Incidents *incident.Room
	Knowledge *knowledge.Room
	Stages    loop.Stages
	Enrolment func(code string) (text, command string)
	Skip      func(ctx context.Context, caseID, variable, who string) error
}

// Keys gives the keys; Start must have returned.
func (a *App) Keys() Keys {
	r := a.rooms
	return Keys{
		DB: r.db, Access: a.access, Fleet: r.fleet, Cases: r.cases, Attempts: r.attempts, Incidents: r.incidents,
		Knowledge: r.knowledge, Stages: r.stages, Enrolment: a.enrolment, Skip: people{r}.Skip,
	}
}
