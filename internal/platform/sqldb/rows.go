package sqldb

import (
	"database/sql"
	"strconv"
	"strings"
)

// Collect reads all rows with scan and closes them; it gives what was read before an error together with the error.
func Collect[T any](rows *sql.Rows, scan func(*sql.Rows) (T, error)) (out []T, err error) {
	defer func() {
		if e := rows.Close(); err == nil {
			err = e
		}
	}()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return out, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// Values writes the value lists of an INSERT of many rows: "($1, $2), ($3, $4)" for 2 rows of 2 columns. One statement of
// many rows costs a fraction of as many statements; keep rows times columns below 32,000, which both databases take.
func Values(rows, columns int) string {
	var b strings.Builder
	for i := range rows * columns {
		switch {
		case i%columns != 0:
			b.WriteString(", ")
		case i > 0:
			b.WriteString("), (")
		default:
			b.WriteString("(")
		}
		b.WriteString("$" + strconv.Itoa(i+1))
	}
	b.WriteString(")")
	return b.String()
}
