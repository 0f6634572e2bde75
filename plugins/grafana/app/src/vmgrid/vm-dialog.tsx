import type { EventBus, PanelData } from '@grafana/data';
import { RefreshEvent } from '@grafana/runtime';
import { Alert, Badge, Button, LoadingPlaceholder, Modal, Stack, Text } from '@grafana/ui';
import { useCallback, useEffect, useState } from 'react';
import { messageOf, type ActionInfo, type Called, type Card, type Confirmation, type HubClient } from '../hub/client.ts';
import { text, type Row } from '../hub/rows.ts';
import { hubOf } from '../hub/source.ts';

interface Props {
  readonly data: PanelData;
  readonly vm: Row;
  readonly eventBus: EventBus;
  onClose(): void;
}

interface Known {
  readonly hub: HubClient;
  readonly card: Card;
  readonly actions: readonly ActionInfo[];
}

type Stage =
  | { readonly is: 'loading' }
  | { readonly is: 'ready' }
  | { readonly is: 'asking'; readonly confirmation: Confirmation }
  | { readonly is: 'working' }
  | { readonly is: 'ended'; readonly message: string; readonly isGood: boolean };

/** Actions of the card that need nothing but the VM: others have a form, which the hub's own page shows. */
const simple = (card: Card, all: readonly ActionInfo[]): ActionInfo[] =>
  card.actions.flatMap((id) =>
    all.filter(
      (action) => action.id === id && action.risk !== 'read' && action.fields.every(({ name, required }) => !required || name === 'vm'),
    ),
  );

function endOf(called: Called): Stage {
  if (called.is === 'confirm') return { is: 'asking', confirmation: called.confirmation };
  if (called.is === 'done') return { is: 'ended', message: 'Done.', isGood: true };
  const { state, id } = called.job;
  if (state.failure !== undefined) return { is: 'ended', message: state.failure.message, isGood: false };
  return { is: 'ended', message: state.is === 'succeeded' ? 'Done.' : `Under way: job ${id} (${state.is}).`, isGood: true };
}

/** One VM: what is known of it, and its buttons. The hub decides what may be done, and asks back where a guest would notice. */
export function VmDialog({ data, vm, eventBus, onClose }: Props) {
  const [known, setKnown] = useState<Known | null>(null);
  const [stage, setStage] = useState<Stage>({ is: 'loading' });
  const id = text(vm, 'id');
  const fail = useCallback((error: unknown) => setStage({ is: 'ended', message: messageOf(error), isGood: false }), []);
  useEffect(() => {
    let isShown = true;
    const load = async () => {
      const hub = await hubOf(data);
      const [{ card }, actions] = await Promise.all([hub.card('vm', id), hub.actions()]);
      if (!isShown) return;
      setKnown({ hub, card, actions: simple(card, actions) });
      setStage({ is: 'ready' });
    };
    load().catch((error: unknown) => isShown && fail(error));
    return () => {
      isShown = false;
    };
    // A refresh of the panel must not throw away what is being confirmed.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [id]);
  const run = (work: (hub: HubClient) => Promise<Called>) => {
    if (known === null) return;
    setStage({ is: 'working' });
    work(known.hub).then((called) => {
      setStage(endOf(called));
      if (called.is !== 'confirm') eventBus.publish(new RefreshEvent());
    }, fail);
  };
  return (
    <Modal isOpen title={text(vm, 'name')} onDismiss={onClose}>
      <Stack direction="column" gap={2}>
        {stage.is === 'loading' && <LoadingPlaceholder text="Asking the hub …" />}
        {known !== null && <Facts card={known.card} />}
        {stage.is === 'working' && <LoadingPlaceholder text="The hub is at it …" />}
        {stage.is === 'ready' && known !== null && (
          <Stack gap={1} wrap="wrap">
            {known.actions.map((action) => (
              <Button key={action.id} variant={variantOf(action)} onClick={() => run((hub) => hub.call(action.id, { vm: id }))}>
                {action.label}
              </Button>
            ))}
            {known.actions.length === 0 && <Text color="secondary">There is nothing that you may do here.</Text>}
          </Stack>
        )}
        {stage.is === 'asking' && (
          <Question
            confirmation={stage.confirmation}
            onYes={() => run((hub) => hub.confirm(stage.confirmation))}
            onNo={() => setStage({ is: 'ready' })}
          />
        )}
        {stage.is === 'ended' && <Alert severity={stage.isGood ? 'success' : 'error'} title={stage.message} />}
      </Stack>
    </Modal>
  );
}

const variantOf = ({ risk }: ActionInfo) => (risk === 'change' ? 'secondary' : 'destructive');

function Facts({ card }: { readonly card: Card }) {
  return (
    <Stack direction="column" gap={0.5}>
      <Stack gap={1} alignItems="center">
        {card.state && (
          <Badge text={card.state.text} color={card.state.tone === 'good' ? 'green' : card.state.tone === 'bad' ? 'red' : 'orange'} />
        )}
        {card.subtitle !== undefined && <Text color="secondary">{card.subtitle}</Text>}
      </Stack>
      {card.fields.map(({ label, value }) => (
        <Text key={label} variant="bodySmall">
          {label}: {value}
        </Text>
      ))}
    </Stack>
  );
}

function Question({ confirmation, onYes, onNo }: { readonly confirmation: Confirmation; onYes(): void; onNo(): void }) {
  const isForOther = confirmation.by === 'second-person';
  return (
    <Alert severity="warning" title={`${confirmation.title}?`}>
      <Stack direction="column" gap={1}>
        {confirmation.plan.sentences.map((sentence) => (
          <Text key={sentence}>{sentence}</Text>
        ))}
        {isForOther && <Text>Somebody else who may do it must confirm this, in the hub.</Text>}
        <Stack gap={1}>
          {!isForOther && (
            <Button variant="destructive" onClick={onYes}>
              Yes, do it
            </Button>
          )}
          <Button variant="secondary" onClick={onNo}>
            Leave it
          </Button>
        </Stack>
      </Stack>
    </Alert>
  );
}
