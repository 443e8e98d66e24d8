import { may, me } from "../access/me";
import { words } from "../words/language";
import { Account } from "./Account";
import { Tokens } from "./Tokens";
import { Trail } from "./Trail";
import { Users } from "./Users";

/** People, tokens and the trail, as far as the reader's role goes. */
export function Admin() {
  const w = words().admin;
  return (
    <div class="admin">
      {may("administer") && (
        <section class="panel">
          <h2>{w.users}</h2>
          <Users />
        </section>
      )}
      <section class="panel">
        <h2>{w.tokens}</h2>
        <Tokens />
      </section>
      {me.value?.user && (
        <section class="panel">
          <h2>{w.account}</h2>
          <Account />
        </section>
      )}
      {may("administer") && (
        <section class="panel">
          <h2>{w.trail}</h2>
          <Trail />
        </section>
      )}
    </div>
  );
}
