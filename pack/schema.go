package pack

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

//go:embed schema.json
var schemaJSON []byte

// Schema is the JSON Schema (draft 2020-12) of the YAML files, for editors and other checkers. It holds the rules that
// one file can break alone; Load checks the same ones from the same shapes, and all that one file cannot know.
func Schema() []byte { return append([]byte(nil), schemaJSON...) }

// writeSchema writes the format as JSON Schema. schema.json is what it writes; a test keeps it so.
func writeSchema() ([]byte, error) {
	f := newFormat()
	defs := map[string]any{"pack": schemaOf(f.pack)}
	files := []map[string]string{{"$ref": "#/$defs/pack"}}
	for _, folder := range f.folders() {
		defs[folder.name] = schemaOf(folder.shape)
		files = append(files, map[string]string{"$ref": "#/$defs/" + folder.name})
	}
	out, err := json.MarshalIndent(map[string]any{
		"$schema":     "https://json-schema.org/draft/2020-12/schema",
		"$id":         "https://posmedic.org/schema/pack.json",
		"title":       "posmedic knowledge pack",
		"description": "A file of a pack: pack.yaml, or one of the folders. Use the definition named after the folder for better messages.",
		"anyOf":       files,
		"$defs":       defs,
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write pack schema: %w", err)
	}
	return append(out, '\n'), nil
}

func schemaOf(s *shape) map[string]any {
	out := map[string]any{}
	switch s.kind {
	case textShape:
		textSchema(s, out)
	case numberShape:
		out["type"], out["minimum"] = "number", s.min
		if s.most {
			out["maximum"] = s.max
		}
	case boolShape:
		out["type"] = "boolean"
	case listShape:
		out["type"], out["items"], out["minItems"], out["uniqueItems"] = "array", schemaOf(s.item), s.least, s.distinct
	case dictShape:
		out["type"], out["additionalProperties"], out["minProperties"] = "object", schemaOf(s.item), s.least
		if s.keys != nil {
			out["propertyNames"] = map[string]string{"pattern": s.keys.expression}
		}
	case objectShape:
		objectSchema(s, out)
	case estimateShape:
		detailed := map[string]any{}
		objectSchema(s, detailed)
		out["oneOf"] = []any{schemaOf(s.fields[0].shape), detailed}
	}
	if s.about != "" {
		out["description"] = s.about
	}
	return out
}

func textSchema(s *shape, out map[string]any) {
	out["type"] = "string"
	switch {
	case len(s.enum) > 0:
		out["enum"] = s.enum
	case s.pattern != nil && s.blank:
		out["pattern"] = "^$|" + s.pattern.expression
	case s.pattern != nil:
		out["pattern"] = s.pattern.expression
	case s.blank:
		out["pattern"] = `^$|\S`
	default:
		out["pattern"] = `\S`
	}
}

func objectSchema(s *shape, out map[string]any) {
	properties := map[string]any{}
	required := []string{}
	for _, f := range s.fields {
		properties[f.name] = schemaOf(f.shape)
		if f.required {
			required = append(required, f.name)
		}
	}
	out["type"], out["properties"], out["required"] = "object", properties, required
	out["additionalProperties"], out["minProperties"] = false, s.least
}
