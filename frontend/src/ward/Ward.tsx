import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { count, factsOf } from "../live/gateways";
import { server } from "../live/link";
import { words } from "../words/language";
import { arranging, move, order, type OrderKind, orderKind } from "./order";
import { placeOf } from "./place";
import { Tile } from "./Tile";

/** How many tiles are made at once; the next ones when the reader comes near their end. */
const BATCH = 60;

export function Ward() {
  const w = words();
  const shown = useSignal(BATCH);
  const said = useSignal("");
  const density = useComputed(() => (count.value > 24 ? "high" : count.value < 3 ? "low" : undefined));
  if (!count.value) return server.value.gateways === 0 ? <Empty /> : null;
  const visible = order.value.slice(0, shown.value);
  const shift = (name: string, place: number) => {
    move(name, place);
    said.value = w.ward.moved(titleOf(name), place + 1);
  };
  return (
    <>
      <div class="bar">
        <OrderSwitch />
        <span class="said" role="status">
          {said}
        </span>
      </div>
      <div id="ward" data-density={density.value} data-arranging={arranging.value ? "" : undefined}>
        {visible.map((name, index) => (
          <Slot key={name} name={name} index={index} shift={shift} />
        ))}
      </div>
      {visible.length < count.value && <Sentinel left={count.value - visible.length} more={() => (shown.value += BATCH)} />}
    </>
  );
}

const titleOf = (name: string) => {
  const facts = factsOf(name);
  return facts ? placeOf(facts.value).title : name;
};

interface SlotProps {
  name: string;
  index: number;
  shift: (name: string, place: number) => void;
}

function Slot({ name, index, shift }: SlotProps) {
  const w = words();
  const facts = factsOf(name);
  if (!facts) return null;
  if (!arranging.value) return <Tile facts={facts} />;
  const title = titleOf(name);
  return (
    <div
      class="slot"
      draggable
      onDragStart={(event) => event.dataTransfer?.setData("text/plain", name)}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        const dropped = event.dataTransfer?.getData("text/plain");
        if (dropped && factsOf(dropped)) shift(dropped, index);
      }}
    >
      <div class="shift">
        <button type="button" aria-label={w.ward.earlier(title)} onClick={() => shift(name, index - 1)} disabled={index === 0}>
          ←
        </button>
        <span>{index + 1}</span>
        <button type="button" aria-label={w.ward.later(title)} onClick={() => shift(name, index + 1)} disabled={index === count.value - 1}>
          →
        </button>
      </div>
      <Tile facts={facts} />
    </div>
  );
}

function OrderSwitch() {
  const w = words().ward.order;
  const kinds: [OrderKind, string][] = [
    ["own", w.own],
    ["urgent", w.urgent],
  ];
  return (
    <>
      <div class="segments" role="group" aria-label={w.label}>
        {kinds.map(([kind, text]) => (
          <button
            key={kind}
            type="button"
            aria-pressed={orderKind.value === kind}
            onClick={() => {
              orderKind.value = kind;
              arranging.value = false;
            }}
          >
            {text}
          </button>
        ))}
      </div>
      {orderKind.value === "own" && count.value > 1 && (
        <button type="button" class="quiet" aria-pressed={arranging.value} onClick={() => (arranging.value = !arranging.value)}>
          {arranging.value ? w.done : w.arrange}
        </button>
      )}
    </>
  );
}

function Sentinel({ left, more }: { left: number; more: () => void }) {
  const node = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!node.current) return;
    const watcher = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && more(), { rootMargin: "600px" });
    watcher.observe(node.current);
    return () => watcher.disconnect();
  });
  return (
    <button type="button" class="quiet below" ref={node} onClick={more}>
      {words().ward.more(left)}
    </button>
  );
}

function Empty() {
  const w = words().empty;
  return (
    <section class="empty" id="empty">
      <h2>{w.title}</h2>
      <p>{w.text}</p>
      <ol>
        <li>
          {w.demo} <code>neonat demo</code>
        </li>
        <li>
          {w.real} <code>neonat gateway --id bed-1 --serial /dev/ttyUSB0 --broker mqtt://SERVER --spool spool</code>
        </li>
        <li>
          {w.nothing} <a href="/healthz">/healthz</a>
        </li>
      </ol>
    </section>
  );
}
