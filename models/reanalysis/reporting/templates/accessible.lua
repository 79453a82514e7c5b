-- HTML only: the script with its data, and tables that anyone can read.
local function read(name)
  local file = assert(io.open(pandoc.path.join({pandoc.path.directory(PANDOC_SCRIPT_FILE), name}), "rb"))
  local text = file:read("a")
  file:close()
  return text
end

function CodeBlock(code)
  local script = code.attributes.script -- data of a script of their own, which stands where they do
  if script then
    return pandoc.RawBlock("html",
      '<script type="application/json" id="' .. script .. '-data">' .. code.text .. "</script>\n" ..
      "<script>\n" .. read(script .. ".js") .. "</script>")
  end
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

-- Pictures are part of the page: their words are text that can be found, selected and translated, and follow a dark page.
-- Of a figure with a form for phones both are there, and the style sheet shows one.
function Image(image)
  local narrow = image.attributes.narrow
  image.attributes.narrow = nil
  local function within(class, source)
    local copy = image:clone()
    copy.src, copy.identifier = source, ""
    copy.classes = {"inline-svg"}
    return pandoc.Span({copy}, pandoc.Attr("", {class}))
  end
  if image.classes:includes("inline") then return within("strip", image.src) end
  if not narrow then return within("picture", image.src) end
  return {within("picture on-desk", image.src), within("picture on-phone", narrow .. ".svg")}
end

-- On a narrow screen a figure keeps a size that can be read, and scrolls.
function Figure(figure)
  figure.attributes.tabindex = "0"
  return figure
end

-- A wide table scrolls inside its own box, reachable by keyboard; the page never does. The first cell of a row
-- names it. The box is named by what stands before the caption's first full stop, and by its number where that is not enough.
local seen = {}

function Table(table)
  local name = pandoc.utils.stringify(table.caption.long):gsub("^Table S?%d+: ", "")
  name = name:match("^(.-)%.%s") or name
  seen[name] = (seen[name] or 0) + 1
  if seen[name] > 1 then name = name .. ", " .. seen[name] end
  table.caption.long = {pandoc.Div(table.caption.long, pandoc.Attr("", {"caption"}))} -- stays in view where the table scrolls
  for _, body in ipairs(table.bodies) do body.row_head_columns = 1 end
  return pandoc.Div({table}, pandoc.Attr("", {"scroll"}, {{"tabindex", "0"}, {"role", "region"}, {"aria-label", name}}))
end

-- What is folded opens at its heading, or at the line that names what is in it.
function Div(div)
  if not div.classes:includes("folded") then return nil end
  local content, line = div.content, div.attributes.summary
  local summary = pandoc.Plain(line or "More")
  if not line and content[1].t == "Header" then summary = content:remove(1) end
  local function raw(text) return pandoc.RawBlock("html", text) end
  return pandoc.Blocks({raw('<details class="folded">\n<summary>'), summary, raw("</summary>")}) .. content ..
    pandoc.Blocks({raw("</details>")})
end
