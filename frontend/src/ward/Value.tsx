import type { Shown } from "./quantities";
import { field, number, unit } from "../words/format";
import { words } from "../words/language";
import { labelOf } from "../words/names";

/** How far from the set point the scale of a gauge reaches, in the unit of the value. */
const REACH = 2;

export function Value({ item, gauge = false }: { item: Shown; gauge?: boolean }) {
  const { reading, setting } = item;
  // A set point that nobody knows belongs to no value: it stands for itself.
  const alone = !reading && setting && !item.name ? setting : undefined;
  const target = setting && !alone ? field(setting) : "";
  const away = gauge && typeof reading?.value === "number" && typeof setting?.value === "number" ? reading.value - setting.value : null;
  return (
    <div class="value" data-missing={reading || alone ? undefined : ""} data-unknown={item.name ? undefined : ""}>
      <dt>{labelOf(item)}</dt>
      <dd>
        <span class="number">{field(reading ?? alone)}</span>
        <span class="unit">{unit(reading?.unit ?? setting?.unit)}</span>
        {target && <span class="set">{words().ward.set(target)}</span>}
        {away !== null && <Gauge away={away} />}
      </dd>
    </div>
  );
}

function Gauge({ away }: { away: number }) {
  const place = 50 + (Math.max(-REACH, Math.min(REACH, away)) / REACH) * 50;
  return (
    <span class="gauge" title={`${away < 0 ? "−" : "+"}${number(Math.abs(away))}`} aria-hidden="true">
      <i style={{ left: `${place}%` }} />
    </span>
  );
}
