import { describe, expect, it } from 'vitest';
import { ruleInput, ruleOf } from '../../../../plugins/monitoring/actions/alert-input.ts';

const ruleFrom = (words: object) => ruleOf(ruleInput.parse({ name: 'a', ...words }));

describe('a rule in words', () => {
  it('takes shares, sizes and times as people say them, and again what came out', () => {
    const parsed = ruleInput.parse({ name: 'a', above: '90%', resolveAt: '0.8', window: '5min', for: '2 hours', keepFiring: 90 });
    expect(parsed).toMatchObject({ above: 0.9, resolveAt: 0.8, window: 300, for: 7200, keepFiring: 90 });
    expect(ruleInput.parse(parsed)).toEqual(parsed);
    expect(['4G', '512MiB', '1.5 k', '-3', '1e3', 7].map((above) => ruleInput.parse({ name: 'a', above }).above)).toEqual([
      4 * 2 ** 30,
      512 * 2 ** 20,
      1536,
      -3,
      1000,
      7,
    ]);
    for (const above of ['x', '', '9 apples', '1g%']) expect(ruleInput.safeParse({ name: 'a', above }).success).toBe(false);
  });

  it('may look ahead', async () => {
    const words = { metric: 'vm.disk.allocationBytes', is: 'forecast', of: 'capacityBytes', above: '90%', within: '12h', chance: '40%' };
    expect(await ruleFrom(words)).toMatchObject({
      metric: 'vm.disk.allocationBytes',
      condition: { is: 'offered', kind: 'forecast', settings: { above: 0.9, of: 'capacityBytes', withinSeconds: 43_200, chance: 0.4 } },
    });
    await expect(ruleFrom({ ...words, resolveAt: 0.5 })).rejects.toThrow('has no --resolveAt');
    await expect(ruleFrom({ is: 'forecast', above: 1 })).rejects.toThrow('Say of which metric');
  });

  it('may ask for what is unusual', async () => {
    expect((await ruleFrom({ metric: 'vm.cpuRatio', is: 'anomaly', scoreMin: 2, within: '1h' })).condition).toEqual({
      is: 'offered',
      kind: 'anomaly',
      settings: { withinSeconds: 3600, scoreMin: 2 },
    });
  });
});
