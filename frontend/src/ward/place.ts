// What an incubator is called: by its bed where somebody has named it, else by its gateway.

import type { Facts } from "../facts";

export interface Place {
  title: string;
  detail: string;
}

export function placeOf(facts: Facts): Place {
  const device = facts.device?.name || facts.device?.id || "";
  return { title: facts.gateway, detail: device };
}
