package pack

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// Bounds of what Load reads.
const (
	maxFileBytes = 4 << 20
	maxFiles     = 200
)

// Load reads a pack from a folder, checks it and compiles it. When anything is wrong it returns Problems with every
// mistake it found; a pack with a mistake is never returned. Load bears any bytes.
func Load(fsys fs.FS) (*Pack, error) {
	l := newLoader()
	l.readAll(fsys)
	l.declare()
	l.build()
	if len(l.problems) > 0 {
		return nil, l.problems.sorted()
	}
	return finish(&l.pack)
}

// file is one file of the pack, read and checked against its shape.
type file struct {
	name     string
	root     *node
	defaults Number // for bare numbers; Experience 0 where the file gives none
}

// place says where something was declared, for messages about what is declared twice.
type place struct {
	file string
	line int
}

// loader holds what is known while a pack is read. It is used once.
type loader struct {
	pack     Pack
	problems Problems
	manifest *file
	folders  map[string][]*file
	read     int

	sources, variables, faults, steps map[string]place
	states                            map[string]map[string]bool // of the variables of type state
	types                             map[string]VariableType
	hazards                           map[string][]string // of the faults
}

func newLoader() *loader {
	return &loader{
		folders: map[string][]*file{}, sources: map[string]place{}, variables: map[string]place{}, faults: map[string]place{},
		steps: map[string]place{}, states: map[string]map[string]bool{}, types: map[string]VariableType{},
		hazards: map[string][]string{},
	}
}

func (l *loader) wrong(f *file, n *node, format string, args ...any) {
	p := Problem{File: f.name, Line: 1, Column: 1, Text: fmt.Sprintf(format, args...)}
	if n != nil {
		p.Line, p.Column = n.line, n.column
	}
	l.problems = append(l.problems, p)
}

// wrongKey reports a mistake at a key.
func (l *loader) wrongKey(f *file, e entry, format string, args ...any) {
	l.wrong(f, &node{line: e.line, column: e.column}, format, args...)
}

func (l *loader) readAll(fsys fs.FS) {
	format := newFormat()
	l.refuseStrays(fsys)
	if f, ok := l.readFile(fsys, "pack.yaml", format.pack); ok {
		l.manifest = f
	}
	for _, folder := range format.folders() {
		l.readFolder(fsys, folder)
	}
}

// refuseStrays names files that look like knowledge but would not be read.
func (l *loader) refuseStrays(fsys fs.FS) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		l.problems = append(l.problems, Problem{File: ".", Text: "cannot be listed"})
		return
	}
	for _, e := range entries {
		if !e.IsDir() && isYAML(e.Name()) && e.Name() != "pack.yaml" {
			l.problems = append(l.problems, Problem{File: e.Name(), Text: "is not read here: only pack.yaml and the folders are"})
		}
	}
}

func isYAML(name string) bool {
	return strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
}

func (l *loader) readFolder(fsys fs.FS, folder folder) {
	entries, err := fs.ReadDir(fsys, folder.name)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		l.problems = append(l.problems, Problem{File: folder.name, Text: "cannot be listed"})
		return
	}
	for _, e := range entries { // fs.ReadDir gives them in name order
		name := path.Join(folder.name, e.Name())
		switch {
		case strings.HasPrefix(e.Name(), ".") || !isYAML(e.Name()):
		case strings.HasSuffix(e.Name(), ".yml"):
			l.problems = append(l.problems, Problem{File: name, Text: "must be named .yaml"})
		default:
			if f, ok := l.readFile(fsys, name, folder.shape); ok {
				l.folders[folder.name] = append(l.folders[folder.name], f)
			}
		}
	}
}

func (l *loader) readFile(fsys fs.FS, name string, s *shape) (*file, bool) {
	l.read++
	if l.read > maxFiles {
		if l.read == maxFiles+1 {
			l.problems = append(l.problems, Problem{File: name, Text: fmt.Sprintf("is one file too many: a pack has at most %d", maxFiles)})
		}
		return nil, false
	}
	data, err := readBounded(fsys, name)
	if err != nil {
		l.problems = append(l.problems, Problem{File: name, Text: err.Error()})
		return nil, false
	}
	root, problems := parseYAML(name, data)
	l.problems = append(l.problems, problems...)
	if root == nil {
		return nil, false
	}
	c := checker{file: name}
	c.check(root, s, path.Base(name))
	l.problems = append(l.problems, c.problems...)
	f := &file{name: name, root: root}
	f.defaults = Number{Experience: root.get("defaults").get("experience").float(), Source: root.get("defaults").get("source").str()}
	return f, true
}

func readBounded(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("is missing")
	}
	if err != nil {
		return nil, errors.New("cannot be opened")
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, errors.New("cannot be read")
	}
	if len(data) > maxFileBytes {
		return nil, fmt.Errorf("is larger than %d MiB", maxFileBytes>>20)
	}
	return data, nil
}
