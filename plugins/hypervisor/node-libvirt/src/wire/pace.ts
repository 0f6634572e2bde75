import type { Procedure } from '../caller.ts';

type AnyProcedure = Procedure<never, unknown>;

/** Calls of quick procedures that may be under way at once. */
const aheadMax = 64;
/** An answer within this time makes a procedure quick, one after that other time makes it slow again. */
const quickMs = 5;
const slowMs = 100;

/**
 * Decides how many calls the server is given at once.
 *
 * A libvirt daemon works on five requests of one client at a time (`max_client_requests`) and then stops reading, keepalive included;
 * 30 seconds of that and it takes the client for dead. So at most four calls that may be slow are with the server. The fifth place is for
 * procedures that libvirt marks as never waiting for a hypervisor, so that a stuck guest does not block them. Procedures that were
 * answered at once whenever they were called may be sent ahead in greater number: the daemon takes them as fast as it can read.
 */
export class Pace {
  private readonly slotsMax: number;
  private readonly quick = new Set<AnyProcedure>();
  private slowCalls = 0;
  private calls = 0;

  constructor(slotsMax: number) {
    this.slotsMax = slotsMax;
  }

  /** Whether the server may have as many calls as it works on at once, so that it reads nothing more for the time being. */
  get saturated(): boolean {
    return this.calls > this.slotsMax;
  }

  /** Room for many calls: what waits is then sent in one go instead of one by one. */
  get low(): boolean {
    return this.calls <= aheadMax / 2;
  }

  maySend(procedure: AnyProcedure): boolean {
    const slots = this.slotsMax + (procedure.priority === 'high' ? 1 : 0);
    return this.slowCalls < slots && this.calls < aheadMax;
  }

  /** Counts a call as sent; the answer says whether it counts as slow, for `answered`. */
  sent(procedure: AnyProcedure): boolean {
    const slow = !this.quick.has(procedure);
    this.calls++;
    if (slow) this.slowCalls++;
    return slow;
  }

  /** Takes the call out again. That a call failed quickly says nothing about how long it takes when it does not. */
  answered(procedure: AnyProcedure, call: { slow: boolean; ok: boolean; tookMs: number }): void {
    this.calls--;
    if (call.slow) this.slowCalls--;
    if (call.tookMs > slowMs) this.quick.delete(procedure);
    else if (call.ok && call.tookMs < quickMs) this.quick.add(procedure);
  }
}
