package main

import (
	"bytes"
	"encoding/json"
	"net/http"

	people "github.com/posmedic/posmedic/internal/console"
)

// openapiCommand is `posmedic openapi`: the document of the people's API, from which the pages' types are made.
type openapiCommand struct{}

// Run is called by the command line.
func (openapiCommand) Run(c *console) error {
	raw, err := people.New(people.Deps{Version: "1", Feed: http.NotFoundHandler()}).OpenAPI()
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return err
	}
	out.WriteByte('\n')
	_, err = out.WriteTo(c.Out)
	return err
}
