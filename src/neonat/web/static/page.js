// The live page: one tile an incubator, drawn from the server's event stream.

const STALE_MS = 10_000;
// Settings and modes are asked for every 10 s; three times that is late.
const SLOW_STALE_MS = 30_000;
const SILENCE_MS = 12_000;
const BACKLOG = 100;

const UNITS = { Cel: "°C", "dB[A]": "dB(A)", "-": "" };

const MAIN = [
  { name: "air_temperature", label: "Air" },
  { name: "skin_temperature_central", label: "Skin, central", set: "skin_temperature_setting" },
  { name: "skin_temperature_peripheral", label: "Skin, peripheral" },
];

const MORE = [
  { name: "relative_humidity", label: "Humidity" },
  { name: "oxygen_concentration", label: "Oxygen" },
  { name: "convective_heater_power", label: "Heater" },
  { name: "skin_temperature_difference", label: "Skin difference" },
  { name: "light_level", label: "Light" },
  { name: "noise_level", label: "Noise" },
];

// Shown when the incubator sends them.
const EXTRA = {
  body_weight: "Weight",
  mattress_temperature: "Mattress",
  radiant_warmer_power: "Radiant warmer",
};
const HIDDEN = new Set(["body_weight_date"]);

// IEC 60601-1-8 priorities; the device sends 0x30 + 1 to 31.
const LEVELS = [
  { from: 25, to: 31, key: "high", label: "High" },
  { from: 11, to: 24, key: "medium", label: "Medium" },
  { from: 1, to: 10, key: "low", label: "Low" },
];
const UNKNOWN_LEVEL = { key: "unknown", label: "Priority" };

const tiles = new Map();
const byId = (id) => document.getElementById(id);
const server = { ok: true, reason: "" };
const link = { source: null, heardAt: 0, open: false, lostAt: null, timer: 0, offsets: [], wait: 1000 };

// The document is written only where it changed, so nothing flickers and nothing grows.

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function setData(node, key, value) {
  if (value === null) delete node.dataset[key];
  else if (node.dataset[key] !== value) node.dataset[key] = value;
}

function setHidden(node, hidden) {
  if (node.hidden !== hidden) node.hidden = hidden;
}

function make(tag, className, text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.textContent = text;
  return node;
}

// Keeps `parent`'s children in step with `items`; each child is made once for its key.
function reconcile(parent, items, keyOf, create, update) {
  const old = parent.kept ?? new Map();
  const kept = new Map();
  items.forEach((item, index) => {
    const key = keyOf(item);
    const node = old.get(key) ?? create(item);
    update(node, item);
    kept.set(key, node);
    if (parent.children[index] !== node) parent.insertBefore(node, parent.children[index] ?? null);
  });
  for (const [key, node] of old) if (!kept.has(key)) node.remove();
  parent.kept = kept;
}

// The time is the server's, carried on by a clock that nobody can set.

function serverNow() {
  return link.offsets.length ? performance.now() + Math.max(...link.offsets) : Date.now();
}

// Delays only make the server look late, so the largest of the last offsets is the best.
function hearTime(stamp) {
  const now = Date.parse(stamp);
  if (Number.isNaN(now)) return;
  link.offsets.push(now - performance.now());
  if (link.offsets.length > 30) link.offsets.shift();
}

function duration(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, "0")} s`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, "0")} min`;
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`;
}

const clockFormat = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const dayFormat = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });

function clockTime(ms) {
  if (ms === null) return "an unknown time";
  return Math.abs(serverNow() - ms) < 20 * 3_600_000 ? clockFormat.format(ms) : dayFormat.format(ms);
}

// When a fact was true: a gateway whose clock runs ahead must not look fresh for ever.
function timeOf(fact) {
  const times = [fact?.at, fact?.received_at].map((text) => Date.parse(text ?? "")).filter(Number.isFinite);
  return times.length ? Math.min(...times) : null;
}

function isOlder(ms, limit, now) {
  return ms === null || now - ms > limit;
}


function valueText(reading) {
  if (!reading) return "–";
  const raw = String(reading.raw ?? "").trim();
  return raw || (reading.value === null || reading.value === undefined ? "–" : String(reading.value));
}

function unitText(reading) {
  return reading?.unit ? (UNITS[reading.unit] ?? reading.unit) : "";
}

function levelOf(priority) {
  const number = String(priority).length === 1 ? String(priority).charCodeAt(0) - 0x30 : 0;
  const level = LEVELS.find((l) => number >= l.from && number <= l.to);
  return level ? { ...level, number } : { ...UNKNOWN_LEVEL, number: 0 };
}

function parityText(line) {
  if (!line?.baud) return "";
  const letter = { odd: "O", even: "E", none: "N" }[line.parity] ?? "?";
  return ` ${line.baud} 8${letter}1`;
}

function valueRows({ readings, settings }) {
  const named = new Map(readings.filter((r) => r.name).map((r) => [r.name, r]));
  const sets = new Map(settings.filter((s) => s.name).map((s) => [s.name, s]));
  const fixed = ({ name, label, set = `${name}_setting` }) => ({
    key: name, label, reading: named.get(name), setting: sets.get(set),
  });
  const rows = { main: MAIN.map(fixed), more: MORE.map(fixed) };
  const shown = new Set([...rows.main, ...rows.more].flatMap((row) => [row.reading, row.setting]));
  for (const reading of readings) {
    const { name, codepage, code, value } = reading;
    if (shown.has(reading) || HIDDEN.has(name)) continue;
    const setting = name ? sets.get(`${name}_setting`) : undefined;
    if (name === "radiant_warmer_power" && !value && !setting) continue;
    shown.add(setting);
    rows.more.push({ key: `${codepage}:${code}`, label: labelOf(reading), reading, setting, unknown: !name });
  }
  for (const setting of settings) {
    if (!shown.has(setting)) rows.more.push({ key: `s:${setting.code}`, label: labelOf(setting), setting, unknown: !setting.name });
  }
  return rows;
}

function labelOf({ name, codepage, code }) {
  if (!name) return codepage ? `Code ${codepage}:${code}` : `Code ${code}`;
  const plain = name.replace(/_setting$/, "");
  return EXTRA[plain] ?? sentence(plain);
}

function sentence(name) {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function drawValue(node, row) {
  const [label, field] = node.children;
  setText(label, row.label);
  const [number, unit, set] = field.children;
  setText(number, valueText(row.reading));
  setText(unit, unitText(row.reading));
  const target = row.setting ? valueText({ raw: row.setting.raw, value: row.setting.value }) : "";
  setText(set, target ? `set ${target}` : "");
  setData(node, "missing", row.reading ? null : "");
  setData(node, "unknown", row.unknown ? "" : null);
}

function createValue() {
  const node = make("div", "value");
  const field = make("dd", "");
  field.append(make("span", "number"), make("span", "unit"), make("span", "set"));
  node.append(make("dt", ""), field);
  return node;
}

function createAlarm() {
  const node = make("li", "alarm");
  node.append(make("span", "mark"), make("span", "level"), make("span", "phrase"));
  node.firstChild.setAttribute("aria-hidden", "true");
  return node;
}

function drawAlarm(node, alarm) {
  const [mark, level, phrase] = node.children;
  setData(node, "level", alarm.level.key);
  setText(mark, { high: "!!!", medium: "!!", low: "!" }[alarm.level.key] ?? "?");
  setText(level, alarm.level.number ? alarm.level.label : `Priority “${alarm.priority}”`);
  setText(phrase, alarm.phrase || `Code ${alarm.codepage}:${alarm.code}`);
  const code = `page ${alarm.codepage}, code ${alarm.code}`;
  const title = alarm.level.number ? `${code}, priority ${alarm.level.number} of 31` : code;
  if (node.title !== title) node.title = title;
}

function alarmsOf(facts) {
  return facts.alarms
    .map((alarm) => ({ ...alarm, level: levelOf(alarm.priority) }))
    .sort((a, b) => b.level.number - a.level.number || a.phrase.localeCompare(b.phrase));
}

function drawTile(tile) {
  const { parts, facts } = tile;
  const device = facts.device;
  setText(parts.gateway, facts.gateway);
  setText(parts.device, device ? device.name || device.id : "Device not known yet");
  tile.alarms = alarmsOf(facts);
  reconcile(parts.alarms, tile.alarms, (a) => `${a.codepage}:${a.code}`, createAlarm, drawAlarm);
  setData(tile.root, "level", tile.alarms[0]?.level.key ?? null);
  const rows = valueRows(facts);
  reconcile(parts.main, rows.main, (r) => r.key, createValue, drawValue);
  reconcile(parts.more, rows.more, (r) => r.key, createValue, drawValue);
  reconcile(parts.modes, facts.texts, (t) => t.code, () => make("li", ""), (node, t) => setText(node, t.text || `Code ${t.code}`));
  drawGateway(tile);
}

function drawChip(node, text, tone) {
  setText(node, text);
  setData(node, "tone", tone);
}

function drawGateway({ parts, facts }) {
  const state = facts.state ?? {};
  const spool = state.spool?.records;
  const known = { true: ["Gateway online", "good"], false: ["Gateway offline", "bad"] };
  drawChip(parts["gateway-state"], ...(known[facts.online] ?? ["Gateway state unknown", "old"]));
  // What an offline gateway said last is no news of its line.
  const tone = (word) => (facts.online ? word : "old");
  const said = (fact, text) => (fact === undefined || fact === null ? "" : text);
  drawChip(parts.line, said(state.link, `Line ${state.link}${parityText(state.line)}`), tone(state.link === "up" ? "good" : "bad"));
  drawChip(parts.clock, said(state.clock, `Clock ${state.clock}`), tone(state.clock === "unset" ? "bad" : null));
  drawChip(parts.spool, said(spool, `${spool} in spool`), tone(spool > BACKLOG ? "bad" : null));
  const errors = Object.entries(state.errors ?? {}).filter(([, count]) => count).map(([word, count]) => `${word} ${count}`);
  const pairs = [
    ["Device", [facts.device?.id, facts.device?.name, state.device?.revision].filter(Boolean).join(", ") || "–"],
    ["Gateway version", String(state.version ?? "–")],
    ["Start", Number.isFinite(state.uptime_s) ? `no. ${state.boot}, ${duration(state.uptime_s * 1000)} ago` : "–"],
    ["Waiting since", Number.isFinite(Date.parse(state.spool?.oldest ?? "")) ? clockTime(Date.parse(state.spool.oldest)) : "–"],
    ["Line errors", errors.join(", ") || "none"],
    ["Memory free", Number.isFinite(state.heap_free) ? `${Math.round(state.heap_free / 1024)} KiB` : "–"],
  ];
  reconcile(parts.facts, pairs, (p) => p[0], createPair, (node, p) => setText(node.lastChild, String(p[1])));
}

function createPair([label]) {
  const node = make("div", "");
  node.append(make("dt", "", label), make("dd", ""));
  return node;
}


function reasonFor(facts, now) {
  if (!link.open) return "no connection to the server";
  if (!server.ok) return `server: ${server.reason}`;
  if (facts.online === false) return "gateway offline";
  const state = facts.state ?? {};
  if (state.link === "connecting") return "line is connecting";
  if (state.link && state.link !== "up") return "serial line down";
  if (state.spool?.records > BACKLOG) return `server behind, ${state.spool.records} records wait`;
  const heard = Date.parse(facts.received_at ?? "");
  if (Number.isFinite(heard) && now - heard < STALE_MS) return "incubator sends no measured data";
  return state.link === "up" ? "incubator silent" : "";
}

function drawAge(tile, now) {
  const { parts, facts } = tile;
  const at = timeOf(facts.measured);
  const stale = isOlder(at, STALE_MS, now);
  setText(parts.age, at === null ? "no data" : `${duration(now - at)} ago`);
  setData(tile.root, "stale", stale ? "" : null);
  setHidden(parts.stale, !stale);
  if (stale) {
    const reason = reasonFor(facts, now);
    const since = at === null ? "No measured data yet" : `Not current: last value ${clockTime(at)}`;
    setText(parts.stale, reason ? `${since} – ${reason}` : since);
  }
  const late = (fact, limit) => (stale || isOlder(timeOf(fact), limit, now) ? "" : null);
  setData(parts.alarms, "stale", late(facts.alarms_seen, STALE_MS));
  setHidden(parts["no-alarm"], tile.alarms.length > 0);
  setData(parts["no-alarm"], "stale", parts.alarms.dataset.stale ?? null);
  setText(parts["no-alarm"], "stale" in parts.alarms.dataset ? "Alarms not known" : "No alarm reported");
  setData(parts.modes, "stale", late(facts.texts_seen, SLOW_STALE_MS));
  setData(tile.root, "setsStale", late(facts.settings_seen, SLOW_STALE_MS));
  tile.stale = stale;
}

function tick() {
  const now = serverNow();
  for (const tile of tiles.values()) drawAge(tile, now);
  drawTally();
  setText(byId("now"), link.offsets.length ? clockFormat.format(now) : "");
  watchLink();
}

function drawTally() {
  const all = [...tiles.values()];
  const counts = LEVELS.map((level) => [level, all.filter((t) => !t.stale && t.alarms[0]?.level.key === level.key).length]);
  const stale = all.filter((tile) => tile.stale).length;
  const items = [{ key: "all", text: `${all.length} ${all.length === 1 ? "incubator" : "incubators"}` }];
  for (const [level, count] of counts) if (count) items.push({ key: level.key, text: `${count} ${level.label.toLowerCase()}` });
  if (stale) items.push({ key: "stale", text: `${stale} not current` });
  setHidden(byId("tally"), !all.length);
  reconcile(byId("tally"), items, (i) => i.key, (i) => make("span", i.key), (node, i) => setText(node, i.text));
}


const naturally = new Intl.Collator("en", { numeric: true });

function createTile(gateway) {
  const root = byId("tile").content.firstElementChild.cloneNode(true);
  const parts = {};
  for (const node of root.querySelectorAll("[data-at]")) parts[node.dataset.at] = node;
  root.setAttribute("aria-label", `Incubator ${gateway}`);
  const ward = byId("ward");
  const after = [...ward.children].find((node) => naturally.compare(node.gateway, gateway) > 0);
  root.gateway = gateway;
  ward.insertBefore(root, after ?? null);
  setHidden(byId("empty"), true);
  const tile = { root, parts, facts: null, alarms: [], stale: true };
  tiles.set(gateway, tile);
  setData(document.body, "density", tiles.size > 24 ? "high" : tiles.size < 3 ? "low" : null);
  return tile;
}

function onGateway(message) {
  hear();
  const facts = JSON.parse(message.data);
  hearTime(facts.now);
  const tile = tiles.get(facts.gateway) ?? createTile(facts.gateway);
  tile.facts = facts;
  drawTile(tile);
  drawAge(tile, serverNow());
}

function onClock(message) {
  hear();
  const status = JSON.parse(message.data);
  hearTime(status.now);
  server.ok = status.ok;
  server.reason = status.reason ?? "";
  setHidden(byId("empty"), tiles.size > 0 || status.gateways !== 0);
  drawLink();
}


function hear() {
  link.heardAt = performance.now();
  link.lostAt = null;
  link.wait = 1000;
  if (!link.open) {
    link.open = true;
    drawLink();
  }
}

function lose() {
  if (link.lostAt === null) link.lostAt = serverNow();
  if (link.open || byId("banner").hidden) {
    link.open = false;
    drawLink();
  }
}

function connect() {
  clearTimeout(link.timer);
  link.source?.close();
  link.offsets = link.offsets.slice(-1);
  link.heardAt = performance.now();
  const source = new EventSource("/api/v1/stream");
  link.source = source;
  source.addEventListener("gateway", onGateway);
  source.addEventListener("clock", onClock);
  source.addEventListener("error", () => {
    lose();
    if (source.readyState === EventSource.CLOSED) retryLater();
  });
}

// A refused stream ends for good in the browser's eyes; ask why and open it anew.
function retryLater() {
  clearTimeout(link.timer);
  link.timer = setTimeout(connect, link.wait);
  link.wait = Math.min(link.wait * 1.6, 8000);
  fetch("/healthz", { cache: "no-store" })
    .then((answer) => answer.json())
    .then((status) => {
      server.reason = status.reason ?? "";
      drawLink();
    })
    .catch(() => {
      server.reason = "";
    });
}

function watchLink() {
  if (performance.now() - link.heardAt < SILENCE_MS) return;
  lose();
  connect();
}

function drawLink() {
  const live = byId("live");
  setData(live, "state", link.open ? "open" : "lost");
  setText(byId("live-text"), link.open ? "Live" : "Not connected");
  let title = "";
  let text = "";
  if (!link.open) {
    title = "No live data.";
    text = `The connection to the server was lost at ${clockTime(link.lostAt)}; trying again. ${server.reason}`;
  } else if (!server.ok) {
    title = "The server does not take in data.";
    text = server.reason;
  }
  setText(byId("banner-title"), title);
  setText(byId("banner-text"), text.trim());
  setHidden(byId("banner"), !title);
  for (const tile of tiles.values()) drawAge(tile, serverNow());
}

connect();
setInterval(tick, 500);
document.addEventListener("visibilitychange", tick);
