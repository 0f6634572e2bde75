/** The one look: a light card with a hairline, so that it stands calmly on Slack's light and dark ground alike. */
export const theme = {
  widthPoints: 800,
  heightPoints: 400,
  /** Pixels of a point: pictures stay sharp on dense screens. */
  zoom: 2,
  paddingPoints: 24,
  radiusPoints: 10,
  ground: '#ffffff',
  border: '#d9dde3',
  grid: '#e9ecf0',
  ink: '#1d2430',
  muted: '#677184',
  faint: '#98a1b0',
  history: '#2f6fde',
  forecast: '#d9730d',
  band: '#f2a65a',
  /** Told apart by people with the common kinds of colour blindness as well. */
  series: ['#2f6fde', '#d9730d', '#12866f', '#a33ea1', '#8a6d00', '#c43d3d', '#5a6b85', '#3d9fc9'],
  family: 'Inter',
} as const;
