// Package queue keeps an agent's reports until the gateway has acknowledged them: bounded, in order, and on disk.
//
// Words: a record is one report with its length and checksum; a segment is a file of records, written from front to
// end and never again; a mark is a place up to which records were delivered.
//
// What it promises:
//   - Put returns nil only after the report would survive SIGKILL and a power cut;
//   - reports come out in the order in which they went in, again and again until they are released;
//   - after a crash at most the released reports of one segment come out once more (the gateway stores them once);
//   - when it is full, the oldest reports first lose their detail (readings, the words behind findings), then the
//     oldest go altogether; how many went is declared in Lost of a newer report.
//
// A terminal whose disk is full must still be able to say so: a report that cannot be written is kept in memory, and
// Put says that it is not durable.
package queue
