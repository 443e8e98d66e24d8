import type { Signal } from "@preact/signals";
import { levelOf, sorted } from "../alarm";
import { useEffect } from "preact/hooks";
import type { Facts } from "../facts";
import { useCurrent } from "../live/current";
import { loadWhole } from "../live/first";
import { factsOf, names } from "../live/gateways";
import { Alarms } from "../ward/Alarms";
import { placeOf } from "../ward/place";
import { MAIN, MORE, others, shown } from "../ward/quantities";
import { Value } from "../ward/Value";
import { words } from "../words/language";
import { Late } from "../shell/Late";
import { modeOf } from "../words/phrases";

const loadHistory = () => import("../history/HistoryView");

/** One incubator: everything it sends now, and its history. */
export function Incubator({ gateway }: { gateway: string }) {
  void names.value;
  useEffect(() => void loadWhole(gateway), [gateway]);
  const facts = factsOf(gateway);
  if (!facts) return <p class="panel">{words().incubator.unknown(gateway)}</p>;
  return (
    <div class="incubator">
      <Now facts={facts} />
      <Late from={loadHistory} props={{ gateway, title: placeOf(facts.value).title, facts }} />
    </div>
  );
}

function Now({ facts }: { facts: Signal<Facts> }) {
  const w = words();
  const one = facts.value;
  const current = useCurrent(facts);
  const place = placeOf(one);
  const main = shown(MAIN, one);
  const more = shown(MORE, one);
  const first = sorted(one.alarms)[0];
  return (
    <section
      class="tile now"
      aria-label={w.ward.incubator(place.title)}
      data-level={first && !current.alarmsStale.value ? levelOf(first.priority) : undefined}
      data-stale={current.stale.value ? "" : undefined}
      data-sets-stale={current.setsStale.value ? "" : undefined}
    >
      <header>
        <div class="who">
          <h2>{place.title}</h2>
          <p>{[place.title === one.gateway ? "" : one.gateway, place.detail].filter(Boolean).join(" · ")}</p>
        </div>
        <p class="age">{current.age}</p>
      </header>
      {current.note.value && <p class="stale-note">{current.note}</p>}
      <Alarms alarms={one.alarms} stale={current.alarmsStale.value} />
      <dl class="main">
        {main.map((item) => (
          <Value key={item.key} item={item} gauge />
        ))}
      </dl>
      <dl class="more all">
        {[...more, ...others(one, [...main, ...more])].map((item) => (
          <Value key={item.key} item={item} />
        ))}
      </dl>
      <ul class="modes" aria-label={w.ward.modes} data-stale={current.modesStale.value ? "" : undefined}>
        {one.texts.map((text) => (
          <li key={text.code}>{text.text ? modeOf(text.text) : w.code(text.code)}</li>
        ))}
      </ul>
    </section>
  );
}
