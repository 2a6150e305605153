package jointree

import (
	"cmp"
	"slices"
)

// outline is the tree before it has numbers: cliques and, between them, separators that became nodes of their own
// because several messages meet on them. Parents stand before their children.
type outline struct {
	nodes []outlineNode
}

type outlineNode struct {
	vars      set
	separator set // what the node shares with the rest of the tree beyond its subtree; empty for a root
	parent    int // -1 for a root; a network in several parts has several
	children  []int
}

// cliques makes the tree of maximal cliques from an elimination.
func cliques(g *graph, e *elimination) *outline {
	n := len(e.order)
	position := make([]int, n) // of a variable in the order
	for i, v := range e.order {
		position[v] = i
	}
	parent := make([]int, n)
	host := make([]int, n) // the maximal cluster that stands for a cluster
	for i := range e.order {
		parent[i], host[i] = n, i
		for _, v := range e.clusters[i].list() {
			if p := position[v]; p != i {
				parent[i] = min(parent[i], p)
			}
		}
	}
	links := make([][]int, n)
	for i := range e.order { // children come first, so a host is final when its cluster is reached as a parent
		p := parent[i]
		if p == n {
			continue
		}
		if host[p] == p && e.clusters[p].within(e.clusters[i]) {
			host[p] = host[i]
			continue
		}
	}
	for i := range e.order {
		if p := parent[i]; p < n && host[p] != host[i] {
			links[host[i]] = append(links[host[i]], host[p])
			links[host[p]] = append(links[host[p]], host[i])
		}
	}
	return direct(g, e, host, links)
}

// direct turns the tree so that its root, in each part of the network, is the clique in the middle of a longest path.
func direct(g *graph, e *elimination, host []int, links [][]int) *outline {
	o := &outline{}
	seen := make([]bool, len(host))
	for i := range host {
		if host[i] != i || seen[i] {
			continue
		}
		part := walk(i, links)
		for _, s := range part {
			seen[s.clique] = true
		}
		path := walk(part[len(part)-1].clique, links) // from one end of a longest path; it ends at the other
		middle := len(path) - 1
		for range path[middle].depth / 2 {
			middle = path[middle].from
		}
		o.grow(e, links, path[middle].clique, -1, -1, len(g.states))
	}
	return o
}

// step is a clique on a walk.
type step struct {
	clique, from, depth int // from is the place of the step before; -1 for the first
}

// walk lists the cliques that hang together with one, the nearest first.
func walk(start int, links [][]int) []step {
	path := []step{{start, -1, 0}}
	for i := 0; i < len(path); i++ {
		before := -1
		if path[i].from >= 0 {
			before = path[path[i].from].clique
		}
		for _, next := range links[path[i].clique] {
			if next != before {
				path = append(path, step{next, i, path[i].depth + 1})
			}
		}
	}
	return path
}

func (o *outline) grow(e *elimination, links [][]int, clique, from, parent, n int) {
	node := outlineNode{vars: e.clusters[clique].clone(), separator: newSet(n), parent: parent}
	if parent >= 0 {
		node.separator = node.vars.clone()
		node.separator.intersect(o.nodes[parent].vars)
	}
	at := o.add(node)
	for _, next := range links[clique] {
		if next != from {
			o.grow(e, links, next, clique, at, n)
		}
	}
}

func (o *outline) add(node outlineNode) int {
	o.nodes = append(o.nodes, node)
	if node.parent >= 0 {
		o.nodes[node.parent].children = append(o.nodes[node.parent].children, len(o.nodes)-1)
	}
	return len(o.nodes) - 1
}

// refine makes messages meet where the tables are small. A message whose variables all belong to the separator above
// its receiver goes to the receiver's parent instead; messages that fit into the largest of them meet on a node with
// just that separator, and one message goes on from there. The number of large tables to be multiplied shrinks.
func (o *outline) refine() {
	for i := range o.nodes {
		if o.nodes[i].parent < 0 {
			o.lift(i)
		}
	}
	for i := 0; i < len(o.nodes); i++ { // nodes that are added here are refined in their turn
		o.group(i)
	}
	o.sort()
}

// lift hands children on to the node's parent where their separator is within the node's own.
func (o *outline) lift(i int) {
	for _, c := range slices.Clone(o.nodes[i].children) {
		o.lift(c)
	}
	p := o.nodes[i].parent
	if p < 0 {
		return
	}
	for _, c := range slices.Clone(o.nodes[i].children) {
		if o.nodes[c].separator.within(o.nodes[i].separator) {
			o.move(c, p)
		}
	}
}

func (o *outline) move(c, to int) {
	from := &o.nodes[o.nodes[c].parent]
	from.children = slices.DeleteFunc(from.children, func(x int) bool { return x == c })
	o.nodes[c].parent = to
	o.nodes[to].children = append(o.nodes[to].children, c)
}

// group puts a separator node between a node and those of its children whose messages fit into the largest of them.
func (o *outline) group(i int) {
	if len(o.nodes[i].children) < 2 {
		return
	}
	children := slices.Clone(o.nodes[i].children)
	slices.SortStableFunc(children, func(a, b int) int {
		return cmp.Compare(o.nodes[b].separator.len(), o.nodes[a].separator.len())
	})
	taken := make(map[int]bool)
	for at, largest := range children {
		if taken[largest] || o.nodes[largest].separator.equal(o.nodes[i].vars) {
			continue
		}
		separator := o.nodes[largest].separator
		var fit []int
		for _, c := range children[at+1:] {
			if !taken[c] && o.nodes[c].separator.within(separator) {
				fit = append(fit, c)
			}
		}
		if len(fit) == 0 {
			continue
		}
		meet := o.add(outlineNode{vars: separator.clone(), separator: separator.clone(), parent: i})
		for _, c := range append([]int{largest}, fit...) {
			taken[c] = true
			o.move(c, meet)
		}
	}
}

// sort numbers the nodes so that parents come before their children, each subtree in one piece.
func (o *outline) sort() {
	old := o.nodes
	o.nodes = make([]outlineNode, 0, len(old))
	var place func(i, parent int)
	place = func(i, parent int) {
		node := old[i]
		children := node.children
		node.parent, node.children = parent, nil
		at := o.add(node)
		for _, c := range children {
			place(c, at)
		}
	}
	for i := range old {
		if old[i].parent < 0 {
			place(i, -1)
		}
	}
}
