-- HTML only: the script with its data, and tables that anyone can read.
local function read(name)
  local file = assert(io.open(pandoc.path.join({pandoc.path.directory(PANDOC_SCRIPT_FILE), name}), "rb"))
  local text = file:read("a")
  file:close()
  return text
end

function CodeBlock(code)
  if not code.classes:includes("page-data") then return nil end
  return pandoc.RawBlock("html",
    '<script type="application/json" id="report-data">' .. code.text .. "</script>\n" ..
    "<script>\n" .. read("report.js") .. "</script>")
end

-- A formula wider than the screen scrolls in a box of its own, which the keyboard reaches.
local formulas = 0

function Para(para)
  if not para.content:find_if(function(inline) return inline.t == "Math" and inline.mathtype == "DisplayMath" end) then
    return nil
  end
  formulas = formulas + 1
  local attributes = {{"tabindex", "0"}, {"role", "group"}, {"aria-label", "Formula " .. formulas}}
  return pandoc.Div({para}, pandoc.Attr("", {"formula"}, attributes))
end

-- Captions are numbered as they are on paper.
local counts = {Figure = 0, Table = 0}

local function numbered(kind, caption)
  counts[kind] = counts[kind] + 1
  caption[1].content:insert(1, pandoc.Strong({kind .. " " .. counts[kind] .. ":"}))
  caption[1].content:insert(2, pandoc.Space())
end

-- On a narrow screen a figure keeps a size that can be read, and scrolls.
function Figure(figure)
  numbered("Figure", figure.caption.long)
  figure.attributes.tabindex = "0"
  return figure
end

-- A wide table scrolls inside its own box, reachable by keyboard; the page never does. The first cell of a row
-- names it. The box is named by what stands before the caption's first full stop, and by its number where that is not enough.
local seen = {}

function Table(table)
  local name = pandoc.utils.stringify(table.caption.long)
  name = name:match("^(.-)%.%s") or name
  seen[name] = (seen[name] or 0) + 1
  if seen[name] > 1 then name = name .. ", " .. seen[name] end
  numbered("Table", table.caption.long)
  table.caption.long = {pandoc.Div(table.caption.long, pandoc.Attr("", {"caption"}))} -- stays in view where the table scrolls
  for _, body in ipairs(table.bodies) do body.row_head_columns = 1 end
  return pandoc.Div({table}, pandoc.Attr("", {"scroll"}, {{"tabindex", "0"}, {"role", "region"}, {"aria-label", name}}))
end
