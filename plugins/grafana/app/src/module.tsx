import { AppPlugin } from '@grafana/data';
import { Boards } from './boards/boards.tsx';

export const plugin = new AppPlugin().setRootPage(Boards);
