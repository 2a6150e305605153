// Package incident answers "is it me or everybody?": when many terminals that share something stop at once, there is
// one shared cause and one incident, not thousands of cases. An incident holds restarts, pushes and visits, and becomes
// evidence in every case it explains.
//
// Detection compares, for combinations of up to three of thirteen attributes (host, acquirer, carrier, region, power area,
// cell, site, certificate, parameter set, application version, firmware, model, and the newest push), how many terminals
// fail with how many do at this hour of an ordinary week, for failing as such and for each symptom by itself. Package
// localise searches; of what explains equally well the wider attribute is said. What is ordinary is learnt from the terminals
// that no incident explains. What runs on terminals is compared from look to look, so that a push that explains an incident
// is named with its time.
//
// Look is cheap for small fleets and rests ten times as long as it took for large ones; calls that come meanwhile share a
// look.
//
// Events that leave: incident.joined and incident.left, one for each terminal concerned.
package incident
