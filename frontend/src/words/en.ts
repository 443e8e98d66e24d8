// The page's English. `fr.ts` has the same keys; the type check holds them together.

import type { Level } from "../alarm";
import type { Reason } from "../live/staleness";

const count = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`;

export const en = {
  name: "English",
  notice: "For information, never for alarming.",
  skip: "Skip to the content",
  unknownTime: "an unknown time",
  units: { day: "d" },
  code: (code: string) => `Code ${code}`,
  nav: {
    label: "Pages",
    ward: "Ward",
    alarms: "Alarms",
    gateways: "Gateways",
    beds: "Beds",
    admin: "Administration",
  },
  language: "Language",
  theme: { label: "Appearance", auto: "As the system", light: "Day", dark: "Night" },
  link: {
    opening: "Connecting",
    open: "Live",
    lost: "Not connected",
    lostTitle: "No live data.",
    lostText: (time: string) => `The connection to the server was lost at ${time}; trying again.`,
    serverTitle: "The server does not take in data.",
  },
  empty: {
    title: "No gateway has been seen yet",
    text: "As soon as a gateway sends its first record, its incubator appears here by itself.",
    demo: "To look around without hardware, stop this server and run",
    real: "With an incubator on a serial adapter, run",
    nothing: "Nothing comes? This address says whether the server receives and stores:",
  },
  ward: {
    label: "Incubators",
    incubator: (name: string) => `Incubator ${name}`,
    incubators: (n: number) => count(n, "incubator", "incubators"),
    notCurrent: (n: number) => `${n} not current`,
    device: "Device not known yet",
    noData: "no data",
    ago: (time: string) => `${time} ago`,
    set: (value: string) => `set ${value}`,
    noAlarm: "No alarm reported",
    alarmsUnknown: "Alarms not known",
    alarms: "Alarms",
    modes: "Modes",
    never: "No measured data yet",
    last: (time: string) => `Not current: last value ${time}`,
    order: { label: "Order", own: "My order", urgent: "By priority", arrange: "Arrange", done: "Done" },
    earlier: (name: string) => `Move ${name} forward`,
    later: (name: string) => `Move ${name} back`,
    moved: (name: string, place: number) => `${name} is now number ${place}`,
    more: (n: number) => `${n} more below`,
    lineUp: "line up",
  },
  incubator: {
    unknown: (name: string) => `Nothing has been heard of ${name} yet.`,
  },
  gateways: {
    gateway: (name: string) => `Gateway ${name}`,
    state: "State",
    online: "Online",
    offline: "Offline",
    stateUnknown: "Not known",
    serialLine: "Serial line",
    line: (state: string) => `Line ${state}`,
    links: { up: "up", down: "down", connecting: "connecting" } as Record<string, string>,
    clock: "Clock",
    clocks: { ntp: "set by the network", rtc: "from its own clock chip", unset: "not set" } as Record<string, string>,
    spool: "In its spool",
    records: (n: number) => count(n, "record", "records"),
    since: (time: string) => `since ${time}`,
    device: "Device",
    firmware: "Firmware",
    start: "Start",
    started: (boot: string, time: string) => `no. ${boot}, ${time} ago`,
    lineErrors: "Line errors",
    errors: { checksum: "checksum", timeout: "timeout" } as Record<string, string>,
    none: "none",
    memory: "Memory free",
  },
  level: { high: "High", medium: "Medium", low: "Low", unknown: "Priority" } satisfies Record<Level, string>,
  levelCount: (n: number, level: Level) => `${n} ${{ high: "high", medium: "medium", low: "low", unknown: "unknown" }[level]}`,
  oddPriority: (text: string) => `Priority “${text}”`,
  alarmCode: (page: number | null, code: string, number: number) =>
    `page ${page}, code ${code}` + (number ? `, priority ${number} of 31` : ""),
  reason: (reason: Reason): string => {
    switch (reason.kind) {
      case "no_server":
        return "no connection to the server";
      case "server":
        return `server: ${reason.words}`;
      case "gateway_off":
        return "gateway offline";
      case "connecting":
        return "line is connecting";
      case "line_down":
        return "serial line down: cable, or incubator off";
      case "behind":
        return `server behind, ${reason.records} records wait`;
      case "no_measured":
        return "incubator sends no measured data";
      case "silent":
        return "incubator silent or off";
      case "unknown":
        return "";
    }
  },
};

export type Words = typeof en;
