import type { ReactNode } from "react";
import { Shape, type Tone } from "./shape.tsx";

type Kind = "first" | "match" | "done";

const tones: Record<Kind, Tone> = { first: "busy", match: "unknown", done: "ok" };

/** Why there is nothing to see: not used yet, nothing matches, or all is done. */
export function Empty(props: { kind: Kind; title: string; body: string; heading?: "h1" | "h2" | "h3"; children?: ReactNode }) {
  const Heading = props.heading ?? "h2";
  return (
    <div className="empty">
      <Shape tone={tones[props.kind]} />
      <Heading>{props.title}</Heading>
      <p>{props.body}</p>
      {props.children}
    </div>
  );
}
