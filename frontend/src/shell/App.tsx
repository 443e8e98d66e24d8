import { useComputed } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { may, me, outside, signOut } from "../access/me";
import { NoRole, SignIn } from "../access/SignIn";
import { Admin } from "../admin/Admin";
import { AlarmLog } from "../alarms/AlarmLog";
import { Beds } from "../beds/Beds";
import { Gateways } from "../gateways/Gateways";
import { Incubator } from "../incubator/Incubator";
import { now } from "../live/clock";
import { link, lostAt, server, timeKnown } from "../live/link";
import { href, route } from "../route";
import { Tally } from "../ward/Tally";
import { Ward } from "../ward/Ward";
import type { Trouble } from "../live/staleness";
import { clockTime, date } from "../words/format";
import { words } from "../words/language";
import { Choices } from "./Choices";
import { Confirm } from "./Confirm";

export function App() {
  const w = words();
  const { page } = route.value;
  const main = useRef<HTMLElement>(null);
  useEffect(() => {
    document.title = page === "ward" ? "neonat" : `${titleOf(page)} – neonat`;
  }, [page, w]);
  return (
    <>
      <a
        class="skip"
        href={location.hash || "#/"}
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        {w.skip}
      </a>
      <header class="top">
        <h1>
          <a href="#/">neonat</a>
        </h1>
        <nav aria-label={w.nav.label}>
          {pages().map(([key, text]) => (
            <a key={key} href={href(key)} aria-current={page === key || (key === "ward" && page === "incubator") ? "page" : undefined}>
              {text}
            </a>
          ))}
        </nav>
        <Live />
        <Choices />
        <Account />
        <p class="notice">{w.notice}</p>
        <Tally />
      </header>
      <Banner />
      <main ref={main} tabIndex={-1}>
        <Page />
      </main>
      <Confirm />
    </>
  );
}

function pages(): [string, string][] {
  const w = words().nav;
  if (!may("view")) return [];
  return [
    ["ward", w.ward],
    ["alarms", w.alarms],
    ["beds", w.beds],
    ["gateways", w.gateways],
    ["admin", w.admin],
  ];
}

function titleOf(page: string): string {
  return pages().find(([key]) => key === page)?.[1] ?? route.value.of;
}

function Page() {
  const { page, of } = route.value;
  if (page.startsWith("setup=")) return <SignIn token={page.slice("setup=".length)} />;
  if (outside.value) return <SignIn token="" />;
  if (!me.value) return null;
  if (!may("view")) return <NoRole />;
  switch (page) {
    case "incubator":
      return <Incubator key={of} gateway={of} />;
    case "alarms":
      return <AlarmLog />;
    case "gateways":
      return <Gateways />;
    case "beds":
      return <Beds />;
    case "admin":
      return <Admin />;
    default:
      return <Ward />;
  }
}

/** Who is signed in, and the way out. */
function Account() {
  const w = words().access;
  const user = me.value?.user;
  if (!user) return null;
  return (
    <span class="account">
      <span aria-label={w.signedIn(user)}>{user}</span>
      <button type="button" class="quiet" onClick={() => void signOut()}>
        {w.signOut}
      </button>
    </span>
  );
}

function Live() {
  const w = words().link;
  const time = useComputed(() => (timeKnown.value ? date(now.value, "clock") : ""));
  return (
    <p class="live" id="live" data-state={link.value}>
      <span class="dot" aria-hidden="true" />
      <span id="live-text">{w[link.value]}</span> <time>{time}</time>
    </p>
  );
}

/** What is wrong with the server, in the reader's language where it has words for it. */
function Told({ trouble }: { trouble: Trouble }) {
  const said = words().server(trouble);
  return <span lang={said === trouble.words ? "en" : undefined}>{said}</span>;
}

function Banner() {
  const w = words().link;
  const lost = link.value === "lost";
  const trouble = lost || (link.value === "open" && !server.value.ok);
  return (
    <div class="banner" id="banner" role="status" aria-live="polite" hidden={!trouble}>
      {trouble && <strong>{lost ? w.lostTitle : w.serverTitle}</strong>}{" "}
      {lost && <span>{w.lostText(clockTime(lostAt.value, now.peek()))}</span>} {trouble && <Told trouble={server.value.trouble} />}
    </div>
  );
}
