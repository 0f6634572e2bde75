import type { ReactNode } from 'react';
import type { Block, Place } from '../protocol.ts';
import { Control } from './controls.tsx';
import type { FormState } from './form-state.ts';
import { Text } from './mrkdwn.tsx';

export interface BlockProps {
  readonly block: Block;
  readonly place: Place;
  readonly form?: FormState | undefined;
}

interface Cell {
  readonly type: string;
  readonly text?: string;
  readonly value?: string | number;
}

const list = (value: unknown): readonly Record<string, unknown>[] => (Array.isArray(value) ? (value as Record<string, unknown>[]) : []);

function Section({ block, place, form }: BlockProps): ReactNode {
  const accessory = block['accessory'];
  const fields = list(block['fields']);
  return (
    <div className="block section">
      <div className="grow">
        {block['text'] !== undefined && (
          <div className="text">
            <Text text={block['text']} />
          </div>
        )}
        {fields.length > 0 && (
          <div className="fields">
            {fields.map((field, index) => (
              <div key={index} className="field">
                <Text text={field} />
              </div>
            ))}
          </div>
        )}
      </div>
      {accessory !== undefined && <Control element={accessory} blockId={block.block_id ?? ''} place={place} form={form} />}
    </div>
  );
}

function Input({ block, place, form }: BlockProps): ReactNode {
  const blockId = block.block_id ?? '';
  const error = form?.errors[blockId];
  const name = `field-${blockId}`;
  const isOptional = block['optional'] === true;
  return (
    <div className={error === undefined ? 'block input' : 'block input wrong'} role="group" aria-labelledby={name}>
      <div className="label" id={name}>
        <Text text={block['label']} />
        {isOptional && <span className="optional"> (optional)</span>}
      </div>
      <Control element={block['element']} blockId={blockId} place={place} form={form} labelledBy={name} />
      {error !== undefined && (
        <p className="error" role="alert">
          {error}
        </p>
      )}
      {block['hint'] !== undefined && (
        <p className="hint">
          <Text text={block['hint']} />
        </p>
      )}
    </div>
  );
}

function Table({ block }: BlockProps): ReactNode {
  const [head = [], ...rows] = (block['rows'] ?? []) as readonly (readonly Cell[])[];
  const show = (cell: Cell): string => cell.text ?? String(cell.value ?? '');
  return (
    <div className="block table">
      <table>
        <thead>
          <tr>
            {head.map((cell, index) => (
              <th key={index}>{show(cell)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, column) => (
                <td key={column}>{show(cell)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** One block of Block Kit; a kind that this page does not draw is named. */
export function BlockView(props: BlockProps): ReactNode {
  const { block, place, form } = props;
  switch (block.type) {
    case 'section':
      return <Section {...props} />;
    case 'input':
      return <Input {...props} />;
    case 'header':
      return (
        <h3 className="block header">
          <Text text={block['text']} />
        </h3>
      );
    case 'divider':
      return <hr className="block" />;
    case 'context':
      return (
        <div className="block context">
          {list(block['elements']).map((element, index) => (
            <Text key={index} text={element} />
          ))}
        </div>
      );
    case 'actions':
      return (
        <div className="block actions">
          {list(block['elements']).map((element, index) => (
            <Control key={index} element={element} blockId={block.block_id ?? ''} place={place} form={form} />
          ))}
        </div>
      );
    case 'image':
      return <img className="block picture" src={String(block['image_url'])} alt={String(block['alt_text'])} />;
    case 'markdown':
      return <div className="block text">{String(block['text'])}</div>;
    case 'table':
    case 'data_table':
      return <Table {...props} />;
    default:
      return <div className="block context">[{block.type}]</div>;
  }
}
