const SEEN_MAX = 5_000;

/** Tells whether something comes for the first time: Slack may deliver an envelope twice. What the jobs' own keys protect survives a restart, too. */
export function createSeen(max: number = SEEN_MAX): (key: string) => boolean {
  const seen = new Set<string>();
  return (key) => {
    if (seen.has(key)) return false;
    seen.add(key);
    for (const oldest of seen) {
      if (seen.size <= max) break;
      seen.delete(oldest);
    }
    return true;
  };
}
