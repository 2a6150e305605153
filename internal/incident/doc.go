// Package incident answers "is it me or everybody?": when many terminals that share something stop at once, there is
// one shared cause and one incident, not thousands of cases. An incident holds restarts and visits, and becomes
// evidence in every case it explains.
//
// Detection compares, for every value of every shared attribute (acquirer host, carrier, power area, site, model,
// application version, parameter set), how many of its terminals fail with how many of all the others do, by the
// likelihood ratio of two binomials against one (Kulldorff's scan statistic, 1997, without the geometry). The most
// telling value wins; of values that fail together, the one that explains the most with the least is kept.
//
// Events that leave: incident.joined and incident.left, one for each terminal concerned.
package incident
