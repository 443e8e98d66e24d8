import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { reasonOf } from "../api";
import { words } from "../words/language";

interface LateProps<P> {
  from: () => Promise<{ default: ComponentType<P> }>;
  props: P;
}

/** A part of the page whose code comes when it is first wanted. */
export function Late<P extends object>({ from, props }: LateProps<P>) {
  const [part, setPart] = useState<{ it: ComponentType<P> } | null>(null);
  const [trouble, setTrouble] = useState("");
  useEffect(() => {
    let here = true;
    from().then(
      (module) => here && setPart({ it: module.default }),
      (error: unknown) => here && setTrouble(reasonOf(error)),
    );
    return () => {
      here = false;
    };
  }, [from]);
  if (trouble) return <p class="stale-note">{trouble}</p>;
  if (!part) return <p class="soft">{words().history.loading}</p>;
  return <part.it {...props} />;
}
