// The charts, components and the one renderer that our pages use. No canvas, no HTML tooltips
// from a tool box: what a chart shows is drawn as SVG text.
import {
  BarChart,
  GraphChart,
  HeatmapChart,
  LineChart,
  MapChart,
  PieChart,
  SankeyChart,
  TreemapChart,
} from "echarts/charts";
import {
  AriaComponent,
  DatasetComponent,
  GeoComponent,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TooltipComponent,
  VisualMapComponent,
} from "echarts/components";
import {use} from "echarts/core";
import {LabelLayout} from "echarts/features";
import {SVGRenderer} from "echarts/renderers";

use([
  AriaComponent,
  BarChart,
  DatasetComponent,
  GeoComponent,
  GraphChart,
  GridComponent,
  HeatmapChart,
  LabelLayout,
  LegendComponent,
  LineChart,
  MapChart,
  MarkLineComponent,
  PieChart,
  SVGRenderer,
  SankeyChart,
  TooltipComponent,
  TreemapChart,
  VisualMapComponent,
]);

export {getInstanceByDom, init, registerMap} from "echarts/core";
