// What an incubator is called: by its bed where somebody has named it, else by its gateway.

import type { Facts } from "../facts";
import { words } from "../words/language";

export interface Place {
  title: string;
  detail: string;
}

export function placeOf(facts: Facts): Place {
  const given = facts.tile?.assignment;
  const device = facts.device?.name || facts.device?.id || "";
  if (!given?.bed) return { title: facts.gateway, detail: device };
  const w = words().place;
  const detail = [given.room && w.room(given.room), given.patient, given.device || device].filter(Boolean).join(" · ");
  return { title: w.bed(given.bed), detail };
}
