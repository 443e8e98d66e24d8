import type { Signal } from "@preact/signals";
import { levelOf, sorted } from "../alarm";
import type { Facts } from "../facts";
import { useCurrent } from "../live/current";
import { href } from "../route";
import { words } from "../words/language";
import { modeOf } from "../words/phrases";
import { Alarms } from "./Alarms";
import { placeOf } from "./place";
import { MAIN, MORE, shown } from "./quantities";
import { Value } from "./Value";

export function Tile({ facts }: { facts: Signal<Facts> }) {
  const w = words();
  const current = useCurrent(facts);
  const { gateway, alarms, texts } = facts.value;
  const stale = current.stale.value;
  const place = placeOf(facts.value);
  const first = sorted(alarms)[0];
  return (
    <article
      class="tile"
      aria-label={w.ward.incubator(place.title)}
      data-level={first && !current.alarmsStale.value ? levelOf(first.priority) : undefined}
      data-stale={stale ? "" : undefined}
      data-sets-stale={current.setsStale.value ? "" : undefined}
    >
      <header>
        <div class="who">
          <h2>
            <a href={href("incubator", gateway)}>{place.title}</a>
          </h2>
          <p>{place.detail || w.ward.device}</p>
        </div>
        <p class="age">{current.age}</p>
      </header>
      {current.note.value && <p class="stale-note">{current.note}</p>}
      <Alarms alarms={alarms} stale={current.alarmsStale.value} />
      <dl class="main">
        {shown(MAIN, facts.value).map((item) => (
          <Value key={item.key} item={item} gauge />
        ))}
      </dl>
      <dl class="more">
        {shown(MORE, facts.value).map((item) => (
          <Value key={item.key} item={item} />
        ))}
      </dl>
      <ul class="modes" aria-label={w.ward.modes} data-stale={current.modesStale.value ? "" : undefined}>
        {texts.map((text) => (
          <li key={text.code}>{text.text ? modeOf(text.text) : w.code(text.code)}</li>
        ))}
      </ul>
    </article>
  );
}
