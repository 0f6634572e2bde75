import { COMBINATION, type CombinationSettings } from '../../plugins/analytics/forecast/combine.ts';
import type { Prepared } from '../../plugins/analytics/forecast/pipeline.ts';
import { gridOf } from './choose.ts';

/** What the benches of forecasts may choose among; a trust of 0 leaves `day-shape` out, which was made with these figures in view. */
export const POOL_GRID = gridOf<CombinationSettings>({ sharpness: [2, 3, 4], trust: [0, 1, 3, 10], preference: [0.7, 0.9] });

/** `exponent 3, trust 10, single below 0.7`. */
export const settingsName = ({ sharpness, trust, preference }: CombinationSettings): string =>
  `exponent ${sharpness}, ${trust === 0 ? 'no day-shape' : `trust ${trust}`}, single below ${preference}`;

/** Where the product's own settings stand in the grid. */
export const DEFAULT_INDEX = POOL_GRID.findIndex((settings) => settingsName(settings) === settingsName(COMBINATION));

/** What is made of the models' forecasts (`settle`, say) with each of the grid, in its order: the models are asked once. */
export async function withEach<Made>(
  prepared: Prepared,
  make: (prepared: Prepared, settings: CombinationSettings) => Promise<Made>,
): Promise<Made[]> {
  const { rehearsal } = prepared;
  const without = { ...rehearsal, tested: rehearsal.tested.filter(({ model }) => model.name !== 'day-shape') };
  const all: Made[] = [];
  for (const settings of POOL_GRID) all.push(await make(settings.trust === 0 ? { ...prepared, rehearsal: without } : prepared, settings));
  return all;
}
