import { levelOf, MARKS, priorityNumber, sorted } from "../alarm";
import type { Alarm } from "../facts";
import { words } from "../words/language";
import { explained } from "../words/phrases";

/** Shape, words and colour of one alarm; never colour alone. */
export function AlarmChip({ alarm, plain = false }: { alarm: Alarm; plain?: boolean }) {
  const w = words();
  const level = levelOf(alarm.priority);
  const rank = priorityNumber(alarm.priority);
  const meaning = plain ? "" : explained(alarm.name);
  return (
    <span class="alarm" data-level={level} title={w.alarmCode(alarm.codepage, alarm.code, rank)}>
      <span class="mark" aria-hidden="true">
        {MARKS[level]}
      </span>
      <span class="level">{rank ? w.level[level] : w.oddPriority(alarm.priority)}</span>
      <span class="phrase">{alarm.phrase || w.code(`${alarm.codepage}:${alarm.code}`)}</span>
      {meaning && <span class="meaning">{meaning}</span>}
    </span>
  );
}

export function Alarms({ alarms, stale }: { alarms: readonly Alarm[]; stale: boolean }) {
  const w = words();
  if (!alarms.length) {
    return (
      <p class="no-alarm" data-stale={stale ? "" : undefined}>
        {stale ? w.ward.alarmsUnknown : w.ward.noAlarm}
      </p>
    );
  }
  return (
    <>
      {stale && (
        <p class="no-alarm" data-stale="">
          {w.ward.alarmsUnknown}
        </p>
      )}
      <ul class="alarms" aria-label={w.ward.alarms} data-stale={stale ? "" : undefined}>
        {sorted(alarms).map((alarm) => (
          <li key={`${alarm.codepage}:${alarm.code}`}>
            <AlarmChip alarm={alarm} />
          </li>
        ))}
      </ul>
    </>
  );
}
