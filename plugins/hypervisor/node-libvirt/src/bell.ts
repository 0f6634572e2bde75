/** Lets one loop sleep until something has changed. Ringing while nobody sleeps is nothing: the loop looks at the state of things before it sleeps. */
export class Bell {
  private wake: (() => void) | undefined;

  ring(): void {
    this.wake?.();
    this.wake = undefined;
  }

  /** Resolves at the next ring. */
  rung(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }
}
