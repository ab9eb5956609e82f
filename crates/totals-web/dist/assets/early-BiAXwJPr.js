var e=globalThis,t=e.ShadowRoot&&(e.ShadyCSS===void 0||e.ShadyCSS.nativeShadow)&&`adoptedStyleSheets`in Document.prototype&&`replace`in CSSStyleSheet.prototype,n=Symbol(),r=new WeakMap,i=class{constructor(e,t,r){if(this._$cssResult$=!0,r!==n)throw Error("CSSResult is not constructable. Use `unsafeCSS` or `css` instead.");this.cssText=e,this.t=t}get styleSheet(){let e=this.o,n=this.t;if(t&&e===void 0){let t=n!==void 0&&n.length===1;t&&(e=r.get(n)),e===void 0&&((this.o=e=new CSSStyleSheet).replaceSync(this.cssText),t&&r.set(n,e))}return e}toString(){return this.cssText}},a=e=>new i(typeof e==`string`?e:e+``,void 0,n),o=(e,...t)=>new i(e.length===1?e[0]:t.reduce((t,n,r)=>t+(e=>{if(!0===e._$cssResult$)return e.cssText;if(typeof e==`number`)return e;throw Error(`Value passed to 'css' function must be a 'css' function result: `+e+`. Use 'unsafeCSS' to pass non-literal values, but take care to ensure page security.`)})(n)+e[r+1],e[0]),e,n),s=(n,r)=>{if(t)n.adoptedStyleSheets=r.map(e=>e instanceof CSSStyleSheet?e:e.styleSheet);else for(let t of r){let r=document.createElement(`style`),i=e.litNonce;i!==void 0&&r.setAttribute(`nonce`,i),r.textContent=t.cssText,n.appendChild(r)}},c=t?e=>e:e=>e instanceof CSSStyleSheet?(e=>{let t=``;for(let n of e.cssRules)t+=n.cssText;return a(t)})(e):e,{is:l,defineProperty:u,getOwnPropertyDescriptor:d,getOwnPropertyNames:f,getOwnPropertySymbols:p,getPrototypeOf:m}=Object,h=globalThis,ee=h.trustedTypes,te=ee?ee.emptyScript:``,ne=h.reactiveElementPolyfillSupport,g=(e,t)=>e,re={toAttribute(e,t){switch(t){case Boolean:e=e?te:null;break;case Object:case Array:e=e==null?e:JSON.stringify(e)}return e},fromAttribute(e,t){let n=e;switch(t){case Boolean:n=e!==null;break;case Number:n=e===null?null:Number(e);break;case Object:case Array:try{n=JSON.parse(e)}catch{n=null}}return n}},ie=(e,t)=>!l(e,t),ae={attribute:!0,type:String,converter:re,reflect:!1,useDefault:!1,hasChanged:ie};Symbol.metadata??=Symbol(`metadata`),h.litPropertyMetadata??=new WeakMap;var _=class extends HTMLElement{static addInitializer(e){this._$Ei(),(this.l??=[]).push(e)}static get observedAttributes(){return this.finalize(),this._$Eh&&[...this._$Eh.keys()]}static createProperty(e,t=ae){if(t.state&&(t.attribute=!1),this._$Ei(),this.prototype.hasOwnProperty(e)&&((t=Object.create(t)).wrapped=!0),this.elementProperties.set(e,t),!t.noAccessor){let n=Symbol(),r=this.getPropertyDescriptor(e,n,t);r!==void 0&&u(this.prototype,e,r)}}static getPropertyDescriptor(e,t,n){let{get:r,set:i}=d(this.prototype,e)??{get(){return this[t]},set(e){this[t]=e}};return{get:r,set(t){let a=r?.call(this);i?.call(this,t),this.requestUpdate(e,a,n)},configurable:!0,enumerable:!0}}static getPropertyOptions(e){return this.elementProperties.get(e)??ae}static _$Ei(){if(this.hasOwnProperty(g(`elementProperties`)))return;let e=m(this);e.finalize(),e.l!==void 0&&(this.l=[...e.l]),this.elementProperties=new Map(e.elementProperties)}static finalize(){if(this.hasOwnProperty(g(`finalized`)))return;if(this.finalized=!0,this._$Ei(),this.hasOwnProperty(g(`properties`))){let e=this.properties,t=[...f(e),...p(e)];for(let n of t)this.createProperty(n,e[n])}let e=this[Symbol.metadata];if(e!==null){let t=litPropertyMetadata.get(e);if(t!==void 0)for(let[e,n]of t)this.elementProperties.set(e,n)}this._$Eh=new Map;for(let[e,t]of this.elementProperties){let n=this._$Eu(e,t);n!==void 0&&this._$Eh.set(n,e)}this.elementStyles=this.finalizeStyles(this.styles)}static finalizeStyles(e){let t=[];if(Array.isArray(e)){let n=new Set(e.flat(1/0).reverse());for(let e of n)t.unshift(c(e))}else e!==void 0&&t.push(c(e));return t}static _$Eu(e,t){let n=t.attribute;return!1===n?void 0:typeof n==`string`?n:typeof e==`string`?e.toLowerCase():void 0}constructor(){super(),this._$Ep=void 0,this.isUpdatePending=!1,this.hasUpdated=!1,this._$Em=null,this._$Ev()}_$Ev(){this._$ES=new Promise(e=>this.enableUpdating=e),this._$AL=new Map,this._$E_(),this.requestUpdate(),this.constructor.l?.forEach(e=>e(this))}addController(e){(this._$EO??=new Set).add(e),this.renderRoot!==void 0&&this.isConnected&&e.hostConnected?.()}removeController(e){this._$EO?.delete(e)}_$E_(){let e=new Map,t=this.constructor.elementProperties;for(let n of t.keys())this.hasOwnProperty(n)&&(e.set(n,this[n]),delete this[n]);e.size>0&&(this._$Ep=e)}createRenderRoot(){let e=this.shadowRoot??this.attachShadow(this.constructor.shadowRootOptions);return s(e,this.constructor.elementStyles),e}connectedCallback(){this.renderRoot??=this.createRenderRoot(),this.enableUpdating(!0),this._$EO?.forEach(e=>e.hostConnected?.())}enableUpdating(e){}disconnectedCallback(){this._$EO?.forEach(e=>e.hostDisconnected?.())}attributeChangedCallback(e,t,n){this._$AK(e,n)}_$ET(e,t){let n=this.constructor.elementProperties.get(e),r=this.constructor._$Eu(e,n);if(r!==void 0&&!0===n.reflect){let i=(n.converter?.toAttribute===void 0?re:n.converter).toAttribute(t,n.type);this._$Em=e,i==null?this.removeAttribute(r):this.setAttribute(r,i),this._$Em=null}}_$AK(e,t){let n=this.constructor,r=n._$Eh.get(e);if(r!==void 0&&this._$Em!==r){let e=n.getPropertyOptions(r),i=typeof e.converter==`function`?{fromAttribute:e.converter}:e.converter?.fromAttribute===void 0?re:e.converter;this._$Em=r;let a=i.fromAttribute(t,e.type);this[r]=a??this._$Ej?.get(r)??a,this._$Em=null}}requestUpdate(e,t,n,r=!1,i){if(e!==void 0){let a=this.constructor;if(!1===r&&(i=this[e]),n??=a.getPropertyOptions(e),!((n.hasChanged??ie)(i,t)||n.useDefault&&n.reflect&&i===this._$Ej?.get(e)&&!this.hasAttribute(a._$Eu(e,n))))return;this.C(e,t,n)}!1===this.isUpdatePending&&(this._$ES=this._$EP())}C(e,t,{useDefault:n,reflect:r,wrapped:i},a){n&&!(this._$Ej??=new Map).has(e)&&(this._$Ej.set(e,a??t??this[e]),!0!==i||a!==void 0)||(this._$AL.has(e)||(this.hasUpdated||n||(t=void 0),this._$AL.set(e,t)),!0===r&&this._$Em!==e&&(this._$Eq??=new Set).add(e))}async _$EP(){this.isUpdatePending=!0;try{await this._$ES}catch(e){Promise.reject(e)}let e=this.scheduleUpdate();return e!=null&&await e,!this.isUpdatePending}scheduleUpdate(){return this.performUpdate()}performUpdate(){if(!this.isUpdatePending)return;if(!this.hasUpdated){if(this.renderRoot??=this.createRenderRoot(),this._$Ep){for(let[e,t]of this._$Ep)this[e]=t;this._$Ep=void 0}let e=this.constructor.elementProperties;if(e.size>0)for(let[t,n]of e){let{wrapped:e}=n,r=this[t];!0!==e||this._$AL.has(t)||r===void 0||this.C(t,void 0,n,r)}}let e=!1,t=this._$AL;try{e=this.shouldUpdate(t),e?(this.willUpdate(t),this._$EO?.forEach(e=>e.hostUpdate?.()),this.update(t)):this._$EM()}catch(t){throw e=!1,this._$EM(),t}e&&this._$AE(t)}willUpdate(e){}_$AE(e){this._$EO?.forEach(e=>e.hostUpdated?.()),this.hasUpdated||(this.hasUpdated=!0,this.firstUpdated(e)),this.updated(e)}_$EM(){this._$AL=new Map,this.isUpdatePending=!1}get updateComplete(){return this.getUpdateComplete()}getUpdateComplete(){return this._$ES}shouldUpdate(e){return!0}update(e){this._$Eq&&=this._$Eq.forEach(e=>this._$ET(e,this[e])),this._$EM()}updated(e){}firstUpdated(e){}};_.elementStyles=[],_.shadowRootOptions={mode:`open`},_[g(`elementProperties`)]=new Map,_[g(`finalized`)]=new Map,ne?.({ReactiveElement:_}),(h.reactiveElementVersions??=[]).push(`2.1.2`);var oe=globalThis,v=oe.trustedTypes,se=v?v.createPolicy(`lit-html`,{createHTML:e=>e}):void 0,ce=`$lit$`,y=`lit$${Math.random().toFixed(9).slice(2)}$`,le=`?`+y,ue=`<${le}>`,b=document,x=()=>b.createComment(``),S=e=>e===null||typeof e!=`object`&&typeof e!=`function`,de=Array.isArray,fe=e=>de(e)||typeof e?.[Symbol.iterator]==`function`,pe=`[ 	
\f\r]`,C=/<(?:(!--|\/[^a-zA-Z])|(\/?[a-zA-Z][^>\s]*)|(\/?$))/g,me=/-->/g,he=/>/g,w=RegExp(`>|${pe}(?:([^\\s"'>=/]+)(${pe}*=${pe}*(?:[^ \t\n\f\r"'\`<>=]|("|')|))|$)`,`g`),ge=/'/g,_e=/"/g,ve=/^(?:script|style|textarea|title)$/i,T=(e=>(t,...n)=>({_$litType$:e,strings:t,values:n}))(1),E=Symbol.for(`lit-noChange`),D=Symbol.for(`lit-nothing`),ye=new WeakMap,O=b.createTreeWalker(b,129);function be(e,t){if(!de(e)||!e.hasOwnProperty(`raw`))throw Error(`invalid template strings array`);return se===void 0?t:se.createHTML(t)}var xe=(e,t)=>{let n=e.length-1,r=[],i,a=t===2?`<svg>`:t===3?`<math>`:``,o=C;for(let t=0;t<n;t++){let n=e[t],s,c,l=-1,u=0;for(;u<n.length&&(o.lastIndex=u,c=o.exec(n),c!==null);)u=o.lastIndex,o===C?c[1]===`!--`?o=me:c[1]===void 0?c[2]===void 0?c[3]!==void 0&&(o=w):(ve.test(c[2])&&(i=RegExp(`</`+c[2],`g`)),o=w):o=he:o===w?c[0]===`>`?(o=i??C,l=-1):c[1]===void 0?l=-2:(l=o.lastIndex-c[2].length,s=c[1],o=c[3]===void 0?w:c[3]===`"`?_e:ge):o===_e||o===ge?o=w:o===me||o===he?o=C:(o=w,i=void 0);let d=o===w&&e[t+1].startsWith(`/>`)?` `:``;a+=o===C?n+ue:l>=0?(r.push(s),n.slice(0,l)+ce+n.slice(l)+y+d):n+y+(l===-2?t:d)}return[be(e,a+(e[n]||`<?>`)+(t===2?`</svg>`:t===3?`</math>`:``)),r]},Se=class e{constructor({strings:t,_$litType$:n},r){let i;this.parts=[];let a=0,o=0,s=t.length-1,c=this.parts,[l,u]=xe(t,n);if(this.el=e.createElement(l,r),O.currentNode=this.el.content,n===2||n===3){let e=this.el.content.firstChild;e.replaceWith(...e.childNodes)}for(;(i=O.nextNode())!==null&&c.length<s;){if(i.nodeType===1){if(i.hasAttributes())for(let e of i.getAttributeNames())if(e.endsWith(ce)){let t=u[o++],n=i.getAttribute(e).split(y),r=/([.?@])?(.*)/.exec(t);c.push({type:1,index:a,name:r[2],strings:n,ctor:r[1]===`.`?we:r[1]===`?`?Te:r[1]===`@`?Ee:j}),i.removeAttribute(e)}else e.startsWith(y)&&(c.push({type:6,index:a}),i.removeAttribute(e));if(ve.test(i.tagName)){let e=i.textContent.split(y),t=e.length-1;if(t>0){i.textContent=v?v.emptyScript:``;for(let n=0;n<t;n++)i.append(e[n],x()),O.nextNode(),c.push({type:2,index:++a});i.append(e[t],x())}}}else if(i.nodeType===8){if(i.data===le)c.push({type:2,index:a});else{let e=-1;for(;(e=i.data.indexOf(y,e+1))!==-1;)c.push({type:7,index:a}),e+=y.length-1}}a++}}static createElement(e,t){let n=b.createElement(`template`);return n.innerHTML=e,n}};function k(e,t,n=e,r){if(t===E)return t;let i=r===void 0?n._$Cl:n._$Co?.[r],a=S(t)?void 0:t._$litDirective$;return i?.constructor!==a&&(i?._$AO?.(!1),a===void 0?i=void 0:(i=new a(e),i._$AT(e,n,r)),r===void 0?n._$Cl=i:(n._$Co??=[])[r]=i),i!==void 0&&(t=k(e,i._$AS(e,t.values),i,r)),t}var Ce=class{constructor(e,t){this._$AV=[],this._$AN=void 0,this._$AD=e,this._$AM=t}get parentNode(){return this._$AM.parentNode}get _$AU(){return this._$AM._$AU}u(e){let{el:{content:t},parts:n}=this._$AD,r=(e?.creationScope??b).importNode(t,!0);O.currentNode=r;let i=O.nextNode(),a=0,o=0,s=n[0];for(;s!==void 0;){if(a===s.index){let t;s.type===2?t=new A(i,i.nextSibling,this,e):s.type===1?t=new s.ctor(i,s.name,s.strings,this,e):s.type===6&&(t=new De(i,this,e)),this._$AV.push(t),s=n[++o]}a!==s?.index&&(i=O.nextNode(),a++)}return O.currentNode=b,r}p(e){let t=0;for(let n of this._$AV)n!==void 0&&(n.strings===void 0?n._$AI(e[t]):(n._$AI(e,n,t),t+=n.strings.length-2)),t++}},A=class e{get _$AU(){return this._$AM?._$AU??this._$Cv}constructor(e,t,n,r){this.type=2,this._$AH=D,this._$AN=void 0,this._$AA=e,this._$AB=t,this._$AM=n,this.options=r,this._$Cv=r?.isConnected??!0}get parentNode(){let e=this._$AA.parentNode,t=this._$AM;return t!==void 0&&e?.nodeType===11&&(e=t.parentNode),e}get startNode(){return this._$AA}get endNode(){return this._$AB}_$AI(e,t=this){e=k(this,e,t),S(e)?e===D||e==null||e===``?(this._$AH!==D&&this._$AR(),this._$AH=D):e!==this._$AH&&e!==E&&this._(e):e._$litType$===void 0?e.nodeType===void 0?fe(e)?this.k(e):this._(e):this.T(e):this.$(e)}O(e){return this._$AA.parentNode.insertBefore(e,this._$AB)}T(e){this._$AH!==e&&(this._$AR(),this._$AH=this.O(e))}_(e){this._$AH!==D&&S(this._$AH)?this._$AA.nextSibling.data=e:this.T(b.createTextNode(e)),this._$AH=e}$(e){let{values:t,_$litType$:n}=e,r=typeof n==`number`?this._$AC(e):(n.el===void 0&&(n.el=Se.createElement(be(n.h,n.h[0]),this.options)),n);if(this._$AH?._$AD===r)this._$AH.p(t);else{let e=new Ce(r,this),n=e.u(this.options);e.p(t),this.T(n),this._$AH=e}}_$AC(e){let t=ye.get(e.strings);return t===void 0&&ye.set(e.strings,t=new Se(e)),t}k(t){de(this._$AH)||(this._$AH=[],this._$AR());let n=this._$AH,r,i=0;for(let a of t)i===n.length?n.push(r=new e(this.O(x()),this.O(x()),this,this.options)):r=n[i],r._$AI(a),i++;i<n.length&&(this._$AR(r&&r._$AB.nextSibling,i),n.length=i)}_$AR(e=this._$AA.nextSibling,t){for(this._$AP?.(!1,!0,t);e&&e!==this._$AB;){let t=e.nextSibling;e.remove(),e=t}}setConnected(e){this._$AM===void 0&&(this._$Cv=e,this._$AP?.(e))}},j=class{get tagName(){return this.element.tagName}get _$AU(){return this._$AM._$AU}constructor(e,t,n,r,i){this.type=1,this._$AH=D,this._$AN=void 0,this.element=e,this.name=t,this._$AM=r,this.options=i,n.length>2||n[0]!==``||n[1]!==``?(this._$AH=Array(n.length-1).fill(new String),this.strings=n):this._$AH=D}_$AI(e,t=this,n,r){let i=this.strings,a=!1;if(i===void 0)e=k(this,e,t,0),a=!S(e)||e!==this._$AH&&e!==E,a&&(this._$AH=e);else{let r=e,o,s;for(e=i[0],o=0;o<i.length-1;o++)s=k(this,r[n+o],t,o),s===E&&(s=this._$AH[o]),a||=!S(s)||s!==this._$AH[o],s===D?e=D:e!==D&&(e+=(s??``)+i[o+1]),this._$AH[o]=s}a&&!r&&this.j(e)}j(e){e===D?this.element.removeAttribute(this.name):this.element.setAttribute(this.name,e??``)}},we=class extends j{constructor(){super(...arguments),this.type=3}j(e){this.element[this.name]=e===D?void 0:e}},Te=class extends j{constructor(){super(...arguments),this.type=4}j(e){this.element.toggleAttribute(this.name,!!e&&e!==D)}},Ee=class extends j{constructor(e,t,n,r,i){super(e,t,n,r,i),this.type=5}_$AI(e,t=this){if((e=k(this,e,t,0)??D)===E)return;let n=this._$AH,r=e===D&&n!==D||e.capture!==n.capture||e.once!==n.once||e.passive!==n.passive,i=e!==D&&(n===D||r);r&&this.element.removeEventListener(this.name,this,n),i&&this.element.addEventListener(this.name,this,e),this._$AH=e}handleEvent(e){typeof this._$AH==`function`?this._$AH.call(this.options?.host??this.element,e):this._$AH.handleEvent(e)}},De=class{constructor(e,t,n){this.element=e,this.type=6,this._$AN=void 0,this._$AM=t,this.options=n}get _$AU(){return this._$AM._$AU}_$AI(e){k(this,e)}},Oe={M:ce,P:y,A:le,C:1,L:xe,R:Ce,D:fe,V:k,I:A,H:j,N:Te,U:Ee,B:we,F:De},ke=oe.litHtmlPolyfillSupport;ke?.(Se,A),(oe.litHtmlVersions??=[]).push(`3.3.0`);var Ae=(e,t,n)=>{let r=n?.renderBefore??t,i=r._$litPart$;if(i===void 0){let e=n?.renderBefore??null;r._$litPart$=i=new A(t.insertBefore(x(),e),e,void 0,n??{})}return i._$AI(e),i},je=globalThis,M=class extends _{constructor(){super(...arguments),this.renderOptions={host:this},this._$Do=void 0}createRenderRoot(){let e=super.createRenderRoot();return this.renderOptions.renderBefore??=e.firstChild,e}update(e){let t=this.render();this.hasUpdated||(this.renderOptions.isConnected=this.isConnected),super.update(e),this._$Do=Ae(t,this.renderRoot,this.renderOptions)}connectedCallback(){super.connectedCallback(),this._$Do?.setConnected(!0)}disconnectedCallback(){super.disconnectedCallback(),this._$Do?.setConnected(!1)}render(){return E}};M._$litElement$=!0,M.finalized=!0,je.litElementHydrateSupport?.({LitElement:M});var Me=je.litElementPolyfillSupport;Me?.({LitElement:M}),(je.litElementVersions??=[]).push(`4.2.2`);var Ne={ATTRIBUTE:1,CHILD:2,PROPERTY:3,BOOLEAN_ATTRIBUTE:4,EVENT:5,ELEMENT:6},Pe=e=>(...t)=>({_$litDirective$:e,values:t}),Fe=class{constructor(e){}get _$AU(){return this._$AM._$AU}_$AT(e,t,n){this._$Ct=e,this._$AM=t,this._$Ci=n}_$AS(e,t){return this.update(e,t)}update(e,t){return this.render(...t)}},{I:Ie}=Oe,Le=()=>document.createComment(``),N=(e,t,n)=>{let r=e._$AA.parentNode,i=t===void 0?e._$AB:t._$AA;if(n===void 0)n=new Ie(r.insertBefore(Le(),i),r.insertBefore(Le(),i),e,e.options);else{let t=n._$AB.nextSibling,a=n._$AM,o=a!==e;if(o){let t;n._$AQ?.(e),n._$AM=e,n._$AP!==void 0&&(t=e._$AU)!==a._$AU&&n._$AP(t)}if(t!==i||o){let e=n._$AA;for(;e!==t;){let t=e.nextSibling;r.insertBefore(e,i),e=t}}}return n},P=(e,t,n=e)=>(e._$AI(t,n),e),Re={},ze=(e,t=Re)=>e._$AH=t,Be=e=>e._$AH,Ve=e=>{e._$AP?.(!1,!0);let t=e._$AA,n=e._$AB.nextSibling;for(;t!==n;){let e=t.nextSibling;t.remove(),t=e}},He=(e,t,n)=>{let r=new Map;for(let i=t;i<=n;i++)r.set(e[i],i);return r},Ue=Pe(class extends Fe{constructor(e){if(super(e),e.type!==Ne.CHILD)throw Error(`repeat() can only be used in text expressions`)}dt(e,t,n){let r;n===void 0?n=t:t!==void 0&&(r=t);let i=[],a=[],o=0;for(let t of e)i[o]=r?r(t,o):o,a[o]=n(t,o),o++;return{values:a,keys:i}}render(e,t,n){return this.dt(e,t,n).values}update(e,[t,n,r]){let i=Be(e),{values:a,keys:o}=this.dt(t,n,r);if(!Array.isArray(i))return this.ut=o,a;let s=this.ut??=[],c=[],l,u,d=0,f=i.length-1,p=0,m=a.length-1;for(;d<=f&&p<=m;)if(i[d]===null)d++;else if(i[f]===null)f--;else if(s[d]===o[p])c[p]=P(i[d],a[p]),d++,p++;else if(s[f]===o[m])c[m]=P(i[f],a[m]),f--,m--;else if(s[d]===o[m])c[m]=P(i[d],a[m]),N(e,c[m+1],i[d]),d++,m--;else if(s[f]===o[p])c[p]=P(i[f],a[p]),N(e,i[d],i[f]),f--,p++;else if(l===void 0&&(l=He(o,p,m),u=He(s,d,f)),l.has(s[d])){if(l.has(s[f])){let t=u.get(o[p]),n=t===void 0?null:i[t];if(n===null){let t=N(e,i[d]);P(t,a[p]),c[p]=t}else c[p]=P(n,a[p]),N(e,i[d],n),i[t]=null;p++}else Ve(i[f]),f--}else Ve(i[d]),d++;for(;p<=m;){let t=N(e,c[m+1]);P(t,a[p]),c[p++]=t}for(;d<=f;){let e=i[d++];e!==null&&Ve(e)}return this.ut=o,ze(e,c),E}}),F;function We(e){F=e}function Ge(e){for(let t=e;t;t=Ke(t)){if(F&&t===document.documentElement)return F;let e=t.getAttribute(`lang`);if(e!==null)return qe(e)??navigator.language}return navigator.language}function Ke(e){if(e.parentElement)return e.parentElement;let t=e.getRootNode();return t instanceof ShadowRoot?t.host:null}function qe(e){try{return Intl.getCanonicalLocales(e.replace(/[.@].*$/,``).replaceAll(`_`,`-`))[0]}catch{return}}var Je=new Set([`ar`,`arc`,`ckb`,`dv`,`fa`,`ha`,`he`,`khw`,`ks`,`ku`,`ps`,`sd`,`ug`,`ur`,`yi`]);function I(e){return Je.has(e.split(`-`)[0]??``)?`rtl`:`ltr`}var Ye=/"(totalAmount|totalAmountMinor|amount|amountMinor|total)":(-?\d[\d.eE+-]*)/g;function L(e){return JSON.parse(e.replace(Ye,`"$1":"$2"`))}function Xe(e,t){let[n=``,r=``]=e.split(`.`),i=BigInt(n+r),a=BigInt(t);if(a!==0n&&i!==0n)for(let e=r.length;e<=6;e++){if(i===a)return e;i*=10n}}function Ze(e,t){let n=e<0n?`-`:``,r=(e<0n?-e:e).toString().padStart(t+1,`0`);return t===0?n+r:`${n}${r.slice(0,-t)}.${r.slice(-t)}`}function Qe(e,t){let[n=`0`,r=``]=e.split(`.`);return BigInt(n+r.slice(0,t).padEnd(t,`0`))}var $e=new Map;function R(e){return $e.get(e)??et(e)}function et(e){try{return new Intl.NumberFormat(`en`,{style:`currency`,currency:e}).resolvedOptions().maximumFractionDigits??2}catch{return 2}}function tt(e,t,n){let r=Xe(String(t),String(n));r!==void 0&&$e.set(e,r)}function z(e){return typeof e==`object`&&!!e&&!Array.isArray(e)}function B(e){let t=typeof e==`string`?Date.parse(e):NaN;return Number.isNaN(t)?void 0:t}function nt(e){return Object.fromEntries(Object.entries(e).filter(([,e])=>e!==void 0))}function V(e){return typeof e==`string`&&rt(e)?e:void 0}function rt(e){return/[^\s\p{Cc}\p{Default_Ignorable_Code_Point}\u2800\ufff9-\ufffb]/u.test(e)}function it(e,t){return t??(rt(e)?e:encodeURIComponent(e))}function at(e){return e!==`.`&&e!==`..`}function H(e){if(!z(e)||typeof e.campaignId!=`string`)return;let{currency:t}=e;if(typeof t!=`string`)return;tt(t,e.totalAmount,e.totalAmountMinor);let n=z(e.goal)?e.goal:void 0;return n&&tt(t,n.amount,n.amountMinor),{id:e.campaignId,minor:BigInt(String(e.totalAmountMinor)),currency:t,pledges:Number(e.totalPledges),donors:Number(e.totalDonors),revision:Number(e.revision),...nt({lastUpdated:B(e.lastUpdated),title:V(e.title),status:V(e.status),startsAt:B(e.startsAt),endsAt:B(e.endsAt),goal:n&&BigInt(String(n.amountMinor))})}}function ot(e){if(!z(e)||e.totalAmountMinor===void 0)return;let{currency:t}=e;if(typeof t==`string`)return tt(t,e.totalAmount,e.totalAmountMinor),{minor:BigInt(String(e.totalAmountMinor)),currency:t,pledges:Number(e.totalPledges),campaigns:Number(e.campaigns),...nt({lastUpdated:B(e.lastUpdated)})}}function st(e){let t=z(e)?e.donations??e.items:e;if(Array.isArray(t))return t.filter(z).map(e=>({at:B(e.at)??0,minor:BigInt(String(e.amountMinor)),...nt({name:V(e.name)})}))}function ct(e){if(!z(e)||!Array.isArray(e.points))return;let t=e.points.filter(z),n=t.map(({amount:e,amountMinor:t})=>Xe(String(e),String(t))).find(e=>e!==void 0)??R(String(e.currency)),r=0n,i=[];for(let e of t){let t=Qe(String(e.total),n);i.length===0&&(r=t-BigInt(String(e.amountMinor))),(i.length>0||t>0n)&&i.push({start:B(e.start)??0,total:t})}return{points:i,before:r}}function lt(e,t){let n=(e.lastUpdated??0)-(t.lastUpdated??0);return n<0||n===0&&e.revision<t.revision}function U(e,t){if(!t)return!1;if(!e)return!0;let n=n=>(e[n]??0)<(t[n]??0);return t.revision===void 0?e.minor<t.minor&&(n(`campaigns`)||n(`lastUpdated`)):n(`revision`)}function W(e,t){return Number(e*10000n/t)}var ut=new Map;function dt(e,t,n){let r=R(t),i=`${e} ${t} ${r} ${n}`,a=ut.get(i);if(!a){let o={style:`currency`,currency:t,minimumFractionDigits:r,maximumFractionDigits:r,...n===`round`?{trailingZeroDisplay:`stripIfInteger`}:{},...n===`signed`?{signDisplay:`always`}:{}};a=new Intl.NumberFormat(e,o),ut.set(i,a)}return a}function ft(e,t){return Ze(e,R(t))}function G(e,t,n,r=`exact`){let i=dt(e,t,r).formatToParts(ft(n,t)),a=I(e)===`rtl`;return i.map(({type:e,value:t})=>a&&e===`currency`?`\u2068${t}\u2069`:t).join(``)}function pt(e,t,n,r=`exact`){let i=[];for(let{type:a,value:o}of dt(e,t,r).formatToParts(ft(n,t))){let e=a===`currency`?`symbol`:a===`decimal`||a===`fraction`?`cents`:`whole`,t=i.at(-1);t?.kind===e?i[i.length-1]={kind:e,text:t.text+o}:i.push({kind:e,text:o})}return i}function mt(e){return e.replace(/\p{Nd}/gu,`0`)}var ht=1e3,K=60*ht,gt=60*K,q=24*gt,_t=[[K,ht,`second`],[gt,K,`minute`],[q,gt,`hour`],[30*q,q,`day`],[365*q,30*q,`month`],[1/0,365*q,`year`]];function vt(e,t,n,r=5*ht){let i=t-n,a=new Intl.RelativeTimeFormat(e,{numeric:`auto`,style:`long`});if(Math.abs(i)<r)return a.format(0,`second`);for(let[e,r,o]of _t)if(Math.abs(i)<e)return r===q?a.format(yt(n,t),`day`):a.format(Math.trunc(i/r),o);return``}function yt(e,t){let n=e=>new Date(e).setHours(0,0,0,0);return Math.round((n(t)-n(e))/q)}function bt(e,t,n){let r=new Date(t).toDateString()===new Date(n).toDateString(),i={hour:`numeric`,minute:`2-digit`};return new Date(t).toLocaleString(e,r?i:{...i,month:`short`,day:`numeric`})}var xt=1e4,St=0;function Ct(e){let t=Date.parse(e??``)-Date.now();Number.isNaN(t)||(St=Math.abs(t)>xt?t:0)}function J(){return Date.now()+St}function wt(e){let t=new Map;return[...e].reverse().map(e=>{let n=`${e.at} ${e.name??``}`,r=t.get(n)??0;return t.set(n,r+1),{key:`${n} ${r}`,donation:e}}).reverse()}function Tt(e,t){let n=new Set(wt(e).map(({key:e})=>e)),r=wt(t),i=r.findIndex(({key:e})=>n.has(e)),a=e.length>0?Math.min(...e.map(({at:e})=>e)):0;return(i<0?r.filter(({donation:e})=>e.at>=a):r.slice(0,i)).map(({donation:e})=>e).reverse()}var Et=500;function Dt(e,t,n){if(n>=1)return t;let r=1-(1-Math.max(0,n))**3;return e+(t-e)*BigInt(Math.round(r*1e6))/1000000n}function Y(){return document.hidden||matchMedia(`(prefers-reduced-motion: reduce)`).matches}var Ot=class{#e;#t=0n;#n=0n;#r=0;#i=0;#a;constructor(e){this.#a=e}to(e){this.#e===void 0||Y()?(this.stop(),this.#s(e)):(this.#i===0||e!==this.#n)&&(this.#t=this.#e,this.#n=e,this.#r=performance.now(),this.#i===0&&this.#o())}reset(){this.stop(),this.#e=void 0}stop(){cancelAnimationFrame(this.#i),this.#i=0}#o(){this.#i=requestAnimationFrame(e=>{this.#i=0;let t=(e-this.#r)/Et;this.#s(Dt(this.#t,this.#n,t)),t<1&&!document.hidden?this.#o():this.#s(this.#n)})}#s(e){e!==this.#e&&(this.#e=e,this.#a(e))}},kt=class{#e;#t;#n=-1/0;#r;#i;constructor(e,t){this.#r=e,this.#i=t}set(e){if(this.#e=e,this.#t!==void 0)return;let t=this.#n+this.#r-Date.now();t<=0?this.now():this.#t=setTimeout(()=>this.now(),t)}now(){this.stop(),this.#e!==void 0&&(this.#n=Date.now(),this.#i(this.#e))}stop(){clearTimeout(this.#t),this.#t=void 0}reset(){this.stop(),this.#e=void 0,this.#n=-1/0}},X={en:{raisedTogether:`Raised together`,donors:{one:`{n} donor`,other:`{n} donors`},donations:{one:`{n} donation`,other:`{n} donations`},campaigns:{one:`{n} campaign`,other:`{n} campaigns`},none:`No donations yet`,unavailable:`Not available right now`,lastKnown:`Not available right now, last known {time}`,goal:`Goal {amount}`,ofGoal:`{percent} of {amount}`,reached:`Goal reached`,beyond:`{amount} beyond the goal`,progress:`Progress towards the goal`,starts:`Starts {when}`,ends:`Ends {when}`,ended:`Ended {when}`,closed:`Closed`,paused:`Paused`,latest:`Latest donations`,campaignList:`Campaigns`,allCampaigns:`All campaigns`,more:`Show more`,history:`How it grew`,anonymous:`Anonymous`,live:`Live and exact`,lastChange:`Last change {when}`,gave:`{name} gave {amount}`,newDonation:`New donation: {amount}`,newDonations:{one:`{n} new donation: {amount}`,other:`{n} new donations: {amount}`}},ar:{raisedTogether:`جمعنا معًا`,donors:{zero:`{n} متبرع`,one:`متبرع واحد`,two:`متبرعان`,few:`{n} متبرعين`,many:`{n} متبرعًا`,other:`{n} متبرع`},donations:{zero:`{n} تبرع`,one:`تبرع واحد`,two:`تبرعان`,few:`{n} تبرعات`,many:`{n} تبرعًا`,other:`{n} تبرع`},campaigns:{zero:`{n} حملة`,one:`حملة واحدة`,two:`حملتان`,few:`{n} حملات`,many:`{n} حملة`,other:`{n} حملة`},none:`لا توجد تبرعات بعد`,unavailable:`غير متاح حاليًا`,lastKnown:`غير متاح حاليًا، آخر قيمة معروفة {time}`,goal:`الهدف {amount}`,ofGoal:`{percent} من {amount}`,reached:`تحقق الهدف`,beyond:`{amount} فوق الهدف`,progress:`التقدم نحو الهدف`,starts:`البداية: {when}`,ends:`النهاية: {when}`,ended:`انتهت {when}`,closed:`مغلقة`,paused:`متوقفة مؤقتًا`,latest:`أحدث التبرعات`,campaignList:`الحملات`,allCampaigns:`كل الحملات`,more:`عرض المزيد`,history:`كيف نما المبلغ`,anonymous:`متبرع مجهول`,live:`مباشر ودقيق`,lastChange:`آخر تغيير {when}`,gave:`تبرع من {name}: {amount}`,newDonation:`تبرع جديد: {amount}`,newDonations:{zero:`{n} تبرع جديد: {amount}`,one:`تبرع جديد: {amount}`,two:`تبرعان جديدان: {amount}`,few:`{n} تبرعات جديدة: {amount}`,many:`{n} تبرعًا جديدًا: {amount}`,other:`{n} تبرع جديد: {amount}`}},de:{raisedTogether:`Gemeinsam gesammelt`,donors:{one:`{n} Mensch hat gespendet`,other:`{n} Menschen haben gespendet`},donations:{one:`{n} Spende`,other:`{n} Spenden`},campaigns:{one:`{n} Kampagne`,other:`{n} Kampagnen`},none:`Noch keine Spenden`,unavailable:`Gerade nicht verfügbar`,lastKnown:`Gerade nicht verfügbar, letzter Stand {time}`,goal:`Ziel {amount}`,ofGoal:`{percent} von {amount}`,reached:`Ziel erreicht`,beyond:`{amount} über dem Ziel`,progress:`Fortschritt zum Ziel`,starts:`Beginnt {when}`,ends:`Endet {when}`,ended:`Beendet {when}`,closed:`Beendet`,paused:`Pausiert`,latest:`Neueste Spenden`,campaignList:`Kampagnen`,allCampaigns:`Alle Kampagnen`,more:`Mehr anzeigen`,history:`Wie es wuchs`,anonymous:`Anonym`,live:`Live und exakt`,lastChange:`Letzte Änderung {when}`,gave:`{name} spendet {amount}`,newDonation:`Neue Spende: {amount}`,newDonations:{one:`{n} neue Spende: {amount}`,other:`{n} neue Spenden: {amount}`}},es:{raisedTogether:`Recaudado entre todos`,donors:{one:`{n} donante`,many:`{n} de donantes`,other:`{n} donantes`},donations:{one:`{n} donación`,many:`{n} de donaciones`,other:`{n} donaciones`},campaigns:{one:`{n} campaña`,many:`{n} de campañas`,other:`{n} campañas`},none:`Aún no hay donaciones`,unavailable:`No disponible en este momento`,lastKnown:`No disponible en este momento, último dato {time}`,goal:`Meta {amount}`,ofGoal:`{percent} de {amount}`,reached:`Meta alcanzada`,beyond:`{amount} por encima de la meta`,progress:`Progreso hacia la meta`,starts:`Empieza {when}`,ends:`Termina {when}`,ended:`Terminó {when}`,closed:`Cerrada`,paused:`En pausa`,latest:`Últimas donaciones`,campaignList:`Campañas`,allCampaigns:`Todas las campañas`,more:`Ver más`,history:`Cómo creció`,anonymous:`Anónimo`,live:`En vivo y exacto`,lastChange:`Último cambio {when}`,gave:`{name} donó {amount}`,newDonation:`Nueva donación: {amount}`,newDonations:{one:`{n} nueva donación: {amount}`,many:`{n} de nuevas donaciones: {amount}`,other:`{n} nuevas donaciones: {amount}`}},fa:{raisedTogether:`با هم جمع کردیم`,donors:{one:`{n} اهداکننده`,other:`{n} اهداکننده`},donations:{one:`{n} کمک`,other:`{n} کمک`},campaigns:{one:`{n} کارزار`,other:`{n} کارزار`},none:`هنوز کمکی نشده است`,unavailable:`اکنون در دسترس نیست`,lastKnown:`اکنون در دسترس نیست، آخرین مقدار {time}`,goal:`هدف {amount}`,ofGoal:`{percent} از {amount}`,reached:`به هدف رسیدیم`,beyond:`{amount} بیش از هدف`,progress:`پیشرفت به سوی هدف`,starts:`شروع: {when}`,ends:`پایان: {when}`,ended:`پایان یافت {when}`,closed:`پایان یافته`,paused:`موقتاً متوقف`,latest:`آخرین کمک‌ها`,campaignList:`کارزارها`,allCampaigns:`همهٔ کارزارها`,more:`بیشتر`,history:`روند رشد`,anonymous:`ناشناس`,live:`زنده و دقیق`,lastChange:`آخرین تغییر {when}`,gave:`کمک {name}: {amount}`,newDonation:`کمک تازه: {amount}`,newDonations:{one:`{n} کمک تازه: {amount}`,other:`{n} کمک تازه: {amount}`}},fr:{raisedTogether:`Collectés ensemble`,donors:{one:`{n} donateur`,many:`{n} de donateurs`,other:`{n} donateurs`},donations:{one:`{n} don`,many:`{n} de dons`,other:`{n} dons`},campaigns:{one:`{n} campagne`,many:`{n} de campagnes`,other:`{n} campagnes`},none:`Pas encore de don`,unavailable:`Indisponible pour le moment`,lastKnown:`Indisponible pour le moment, dernière valeur connue {time}`,goal:`Objectif {amount}`,ofGoal:`{percent} de {amount}`,reached:`Objectif atteint`,beyond:`{amount} au-delà de l’objectif`,progress:`Progression vers l’objectif`,starts:`Commence {when}`,ends:`Se termine {when}`,ended:`Terminée {when}`,closed:`Terminée`,paused:`En pause`,latest:`Derniers dons`,campaignList:`Campagnes`,allCampaigns:`Toutes les campagnes`,more:`Afficher plus`,history:`L’évolution`,anonymous:`Anonyme`,live:`En direct et exact`,lastChange:`Dernier changement {when}`,gave:`{name} donne {amount}`,newDonation:`Nouveau don : {amount}`,newDonations:{one:`{n} nouveau don : {amount}`,many:`{n} de nouveaux dons : {amount}`,other:`{n} nouveaux dons : {amount}`}},he:{raisedTogether:`גייסנו יחד`,donors:{one:`תורם אחד`,two:`שני תורמים`,other:`{n} תורמים`},donations:{one:`תרומה אחת`,two:`שתי תרומות`,other:`{n} תרומות`},campaigns:{one:`קמפיין אחד`,two:`שני קמפיינים`,other:`{n} קמפיינים`},none:`עדיין אין תרומות`,unavailable:`לא זמין כרגע`,lastKnown:`לא זמין כרגע, נכון לשעה {time}`,goal:`היעד {amount}`,ofGoal:`{percent} מתוך {amount}`,reached:`היעד הושג`,beyond:`{amount} מעל היעד`,progress:`התקדמות אל היעד`,starts:`מתחיל {when}`,ends:`מסתיים {when}`,ended:`הסתיים {when}`,closed:`הסתיים`,paused:`מושהה`,latest:`תרומות אחרונות`,campaignList:`קמפיינים`,allCampaigns:`כל הקמפיינים`,more:`עוד`,history:`איך זה גדל`,anonymous:`בעילום שם`,live:`חי ומדויק`,lastChange:`שינוי אחרון {when}`,gave:`תרומה מאת {name}: {amount}`,newDonation:`תרומה חדשה: {amount}`,newDonations:{one:`תרומה חדשה: {amount}`,two:`שתי תרומות חדשות: {amount}`,other:`{n} תרומות חדשות: {amount}`}},hi:{raisedTogether:`साथ मिलकर जुटाया`,donors:{one:`{n} दानदाता`,other:`{n} दानदाता`},donations:{one:`{n} दान`,other:`{n} दान`},campaigns:{one:`{n} अभियान`,other:`{n} अभियान`},none:`अभी तक कोई दान नहीं`,unavailable:`अभी उपलब्ध नहीं`,lastKnown:`अभी उपलब्ध नहीं, अंतिम ज्ञात {time}`,goal:`लक्ष्य {amount}`,ofGoal:`{amount} का {percent}`,reached:`लक्ष्य पूरा हुआ`,beyond:`लक्ष्य से {amount} अधिक`,progress:`लक्ष्य की ओर प्रगति`,starts:`शुरुआत: {when}`,ends:`समाप्ति: {when}`,ended:`समाप्त: {when}`,closed:`समाप्त`,paused:`फ़िलहाल रुका हुआ`,latest:`नवीनतम दान`,campaignList:`अभियान`,allCampaigns:`सभी अभियान`,more:`और दिखाएँ`,history:`कैसे बढ़ा`,anonymous:`गुमनाम`,live:`लाइव और सटीक`,lastChange:`अंतिम बदलाव {when}`,gave:`{name} का दान: {amount}`,newDonation:`नया दान: {amount}`,newDonations:{one:`{n} नया दान: {amount}`,other:`{n} नए दान: {amount}`}},it:{raisedTogether:`Raccolti insieme`,donors:{one:`{n} donatore`,many:`{n} di donatori`,other:`{n} donatori`},donations:{one:`{n} donazione`,many:`{n} di donazioni`,other:`{n} donazioni`},campaigns:{one:`{n} campagna`,many:`{n} di campagne`,other:`{n} campagne`},none:`Ancora nessuna donazione`,unavailable:`Non disponibile al momento`,lastKnown:`Non disponibile al momento, ultimo dato {time}`,goal:`Obiettivo {amount}`,ofGoal:`{percent} di {amount}`,reached:`Obiettivo raggiunto`,beyond:`{amount} oltre l’obiettivo`,progress:`Progresso verso l’obiettivo`,starts:`Inizia {when}`,ends:`Termina {when}`,ended:`Terminata {when}`,closed:`Terminata`,paused:`In pausa`,latest:`Ultime donazioni`,campaignList:`Campagne`,allCampaigns:`Tutte le campagne`,more:`Mostra altro`,history:`Come è cresciuta`,anonymous:`Anonimo`,live:`In diretta ed esatto`,lastChange:`Ultima variazione {when}`,gave:`{name} dona {amount}`,newDonation:`Nuova donazione: {amount}`,newDonations:{one:`{n} nuova donazione: {amount}`,many:`{n} di nuove donazioni: {amount}`,other:`{n} nuove donazioni: {amount}`}},ja:{raisedTogether:`みんなの寄付総額`,donors:{other:`寄付者 {n} 人`},donations:{other:`寄付 {n} 件`},campaigns:{other:`キャンペーン {n} 件`},none:`まだ寄付はありません`,unavailable:`現在表示できません`,lastKnown:`現在更新できません（{time} 時点）`,goal:`目標 {amount}`,ofGoal:`{amount} の {percent}`,reached:`目標達成`,beyond:`目標を {amount} 上回りました`,progress:`目標までの進み具合`,starts:`開始：{when}`,ends:`終了：{when}`,ended:`終了：{when}`,closed:`終了しました`,paused:`一時停止中`,latest:`最新の寄付`,campaignList:`キャンペーン`,allCampaigns:`すべてのキャンペーン`,more:`もっと見る`,history:`寄付の推移`,anonymous:`匿名`,live:`リアルタイムの正確な金額`,lastChange:`最終更新：{when}`,gave:`{name} さんから {amount}`,newDonation:`新しい寄付：{amount}`,newDonations:{other:`新しい寄付 {n} 件：{amount}`}},ko:{raisedTogether:`함께 모은 금액`,donors:{other:`기부자 {n}명`},donations:{other:`기부 {n}건`},campaigns:{other:`캠페인 {n}개`},none:`아직 기부가 없습니다`,unavailable:`지금은 표시할 수 없습니다`,lastKnown:`지금은 갱신할 수 없습니다, {time} 기준`,goal:`목표 {amount}`,ofGoal:`{amount} 중 {percent}`,reached:`목표 달성`,beyond:`목표보다 {amount} 더`,progress:`목표까지의 진행`,starts:`시작: {when}`,ends:`종료: {when}`,ended:`종료: {when}`,closed:`종료됨`,paused:`일시 중지됨`,latest:`최근 기부`,campaignList:`캠페인`,allCampaigns:`모든 캠페인`,more:`더 보기`,history:`모금 추이`,anonymous:`익명`,live:`실시간, 정확한 금액`,lastChange:`마지막 변경: {when}`,gave:`{name} 님: {amount}`,newDonation:`새 기부: {amount}`,newDonations:{other:`새 기부 {n}건: {amount}`}},nl:{raisedTogether:`Samen opgehaald`,donors:{one:`{n} donateur`,other:`{n} donateurs`},donations:{one:`{n} donatie`,other:`{n} donaties`},campaigns:{one:`{n} campagne`,other:`{n} campagnes`},none:`Nog geen donaties`,unavailable:`Nu niet beschikbaar`,lastKnown:`Nu niet beschikbaar, laatst bekend {time}`,goal:`Doel {amount}`,ofGoal:`{percent} van {amount}`,reached:`Doel bereikt`,beyond:`{amount} boven het doel`,progress:`Voortgang naar het doel`,starts:`Begint {when}`,ends:`Eindigt {when}`,ended:`Geëindigd {when}`,closed:`Geëindigd`,paused:`Gepauzeerd`,latest:`Laatste donaties`,campaignList:`Campagnes`,allCampaigns:`Alle campagnes`,more:`Meer tonen`,history:`Hoe het groeide`,anonymous:`Anoniem`,live:`Live en exact`,lastChange:`Laatste wijziging {when}`,gave:`{name} geeft {amount}`,newDonation:`Nieuwe donatie: {amount}`,newDonations:{one:`{n} nieuwe donatie: {amount}`,other:`{n} nieuwe donaties: {amount}`}},pl:{raisedTogether:`Zebraliśmy razem`,donors:{one:`{n} darczyńca`,few:`{n} darczyńców`,many:`{n} darczyńców`,other:`{n} darczyńcy`},donations:{one:`{n} wpłata`,few:`{n} wpłaty`,many:`{n} wpłat`,other:`{n} wpłaty`},campaigns:{one:`{n} zbiórka`,few:`{n} zbiórki`,many:`{n} zbiórek`,other:`{n} zbiórki`},none:`Nie ma jeszcze wpłat`,unavailable:`Chwilowo niedostępne`,lastKnown:`Chwilowo niedostępne, ostatnio znane: {time}`,goal:`Cel: {amount}`,ofGoal:`{percent} z {amount}`,reached:`Cel osiągnięty`,beyond:`{amount} ponad cel`,progress:`Postęp do celu`,starts:`Początek: {when}`,ends:`Koniec: {when}`,ended:`Zakończona {when}`,closed:`Zakończona`,paused:`Wstrzymana`,latest:`Ostatnie wpłaty`,campaignList:`Zbiórki`,allCampaigns:`Wszystkie zbiórki`,more:`Pokaż więcej`,history:`Jak rosła kwota`,anonymous:`Anonimowo`,live:`Na żywo i dokładnie`,lastChange:`Ostatnia zmiana {when}`,gave:`{name}: {amount}`,newDonation:`Nowa wpłata: {amount}`,newDonations:{one:`{n} nowa wpłata: {amount}`,few:`{n} nowe wpłaty: {amount}`,many:`{n} nowych wpłat: {amount}`,other:`{n} nowej wpłaty: {amount}`}},pt:{raisedTogether:`Arrecadado em conjunto`,donors:{one:`{n} doador`,many:`{n} de doadores`,other:`{n} doadores`},donations:{one:`{n} doação`,many:`{n} de doações`,other:`{n} doações`},campaigns:{one:`{n} campanha`,many:`{n} de campanhas`,other:`{n} campanhas`},none:`Ainda não há doações`,unavailable:`Indisponível no momento`,lastKnown:`Indisponível no momento, último valor {time}`,goal:`Meta {amount}`,ofGoal:`{percent} de {amount}`,reached:`Meta alcançada`,beyond:`{amount} além da meta`,progress:`Progresso até a meta`,starts:`Começa {when}`,ends:`Termina {when}`,ended:`Terminou {when}`,closed:`Encerrada`,paused:`Em pausa`,latest:`Últimas doações`,campaignList:`Campanhas`,allCampaigns:`Todas as campanhas`,more:`Mostrar mais`,history:`Como cresceu`,anonymous:`Anônimo`,live:`Ao vivo e exato`,lastChange:`Última alteração {when}`,gave:`{name} doou {amount}`,newDonation:`Nova doação: {amount}`,newDonations:{one:`{n} nova doação: {amount}`,many:`{n} de novas doações: {amount}`,other:`{n} novas doações: {amount}`}},sv:{raisedTogether:`Insamlat tillsammans`,donors:{one:`{n} givare`,other:`{n} givare`},donations:{one:`{n} gåva`,other:`{n} gåvor`},campaigns:{one:`{n} insamling`,other:`{n} insamlingar`},none:`Inga gåvor än`,unavailable:`Inte tillgängligt just nu`,lastKnown:`Inte tillgängligt just nu, senast känt {time}`,goal:`Mål {amount}`,ofGoal:`{percent} av {amount}`,reached:`Målet nått`,beyond:`{amount} över målet`,progress:`Framsteg mot målet`,starts:`Börjar {when}`,ends:`Slutar {when}`,ended:`Avslutad {when}`,closed:`Avslutad`,paused:`Pausad`,latest:`Senaste gåvor`,campaignList:`Insamlingar`,allCampaigns:`Alla insamlingar`,more:`Visa fler`,history:`Så växte den`,anonymous:`Anonym`,live:`Live och exakt`,lastChange:`Senast ändrat {when}`,gave:`{name} ger {amount}`,newDonation:`Ny gåva: {amount}`,newDonations:{one:`{n} ny gåva: {amount}`,other:`{n} nya gåvor: {amount}`}},tr:{raisedTogether:`Birlikte topladık`,donors:{one:`{n} bağışçı`,other:`{n} bağışçı`},donations:{one:`{n} bağış`,other:`{n} bağış`},campaigns:{one:`{n} kampanya`,other:`{n} kampanya`},none:`Henüz bağış yok`,unavailable:`Şu anda kullanılamıyor`,lastKnown:`Şu anda kullanılamıyor, son bilinen {time}`,goal:`Hedef {amount}`,ofGoal:`{percent} / {amount}`,reached:`Hedefe ulaşıldı`,beyond:`Hedefin {amount} üzerinde`,progress:`Hedefe doğru ilerleme`,starts:`Başlangıç: {when}`,ends:`Bitiş: {when}`,ended:`Bitti: {when}`,closed:`Sona erdi`,paused:`Duraklatıldı`,latest:`Son bağışlar`,campaignList:`Kampanyalar`,allCampaigns:`Tüm kampanyalar`,more:`Daha fazla`,history:`Nasıl büyüdü`,anonymous:`Anonim`,live:`Canlı ve kesin`,lastChange:`Son değişiklik: {when}`,gave:`{name}: {amount}`,newDonation:`Yeni bağış: {amount}`,newDonations:{one:`{n} yeni bağış: {amount}`,other:`{n} yeni bağış: {amount}`}},uk:{raisedTogether:`Зібрано разом`,donors:{one:`{n} донор`,few:`{n} донори`,many:`{n} донорів`,other:`{n} донора`},donations:{one:`{n} внесок`,few:`{n} внески`,many:`{n} внесків`,other:`{n} внеску`},campaigns:{one:`{n} збір`,few:`{n} збори`,many:`{n} зборів`,other:`{n} збору`},none:`Внесків ще немає`,unavailable:`Зараз недоступно`,lastKnown:`Зараз недоступно, останнє відоме значення: {time}`,goal:`Ціль: {amount}`,ofGoal:`{percent} з {amount}`,reached:`Ціль досягнуто`,beyond:`{amount} понад ціль`,progress:`Поступ до цілі`,starts:`Початок: {when}`,ends:`Завершення: {when}`,ended:`Завершено {when}`,closed:`Завершено`,paused:`Призупинено`,latest:`Останні внески`,campaignList:`Збори`,allCampaigns:`Усі збори`,more:`Показати ще`,history:`Як зростала сума`,anonymous:`Анонімно`,live:`Наживо й точно`,lastChange:`Остання зміна {when}`,gave:`{name}: {amount}`,newDonation:`Новий внесок: {amount}`,newDonations:{one:`{n} новий внесок: {amount}`,few:`{n} нові внески: {amount}`,many:`{n} нових внесків: {amount}`,other:`{n} нового внеску: {amount}`}},zh:{raisedTogether:`共同筹得`,donors:{other:`{n} 位捐赠者`},donations:{other:`{n} 笔捐款`},campaigns:{other:`{n} 个项目`},none:`尚无捐款`,unavailable:`暂时无法显示`,lastKnown:`暂时无法更新，最后已知 {time}`,goal:`目标 {amount}`,ofGoal:`{amount} 的 {percent}`,reached:`目标已达成`,beyond:`超出目标 {amount}`,progress:`目标进度`,starts:`开始：{when}`,ends:`结束：{when}`,ended:`已结束：{when}`,closed:`已结束`,paused:`已暂停`,latest:`最新捐款`,campaignList:`项目`,allCampaigns:`全部项目`,more:`显示更多`,history:`增长过程`,anonymous:`匿名`,live:`实时、精确`,lastChange:`最近变动：{when}`,gave:`{name} 捐赠 {amount}`,newDonation:`新捐款：{amount}`,newDonations:{other:`{n} 笔新捐款：{amount}`}},"zh-Hant":{raisedTogether:`共同募得`,donors:{other:`{n} 位捐款人`},donations:{other:`{n} 筆捐款`},campaigns:{other:`{n} 個專案`},none:`尚無捐款`,unavailable:`暫時無法顯示`,lastKnown:`暫時無法更新，最後已知 {time}`,goal:`目標 {amount}`,ofGoal:`{amount} 的 {percent}`,reached:`已達成目標`,beyond:`超出目標 {amount}`,progress:`目標進度`,starts:`開始：{when}`,ends:`結束：{when}`,ended:`已結束：{when}`,closed:`已結束`,paused:`已暫停`,latest:`最新捐款`,campaignList:`專案`,allCampaigns:`所有專案`,more:`顯示更多`,history:`成長過程`,anonymous:`匿名`,live:`即時、精確`,lastChange:`最近變動：{when}`,gave:`{name} 捐款 {amount}`,newDonation:`新捐款：{amount}`,newDonations:{other:`{n} 筆新捐款：{amount}`}}};function At(e,t){return t.toLocaleString(e)}function jt(e,t){let n=(t,n)=>n.toLocaleString(e,{style:`percent`,minimumFractionDigits:t,maximumFractionDigits:t});return t>=100?n(0,Math.floor(t/100)/100):t>0?n(2,t/1e4):`< ${n(2,1e-4)}`}function Mt(e,t){return(t/1e4).toLocaleString(e,{style:`percent`,maximumFractionDigits:2})}function Nt(e){let{language:t,script:n}=new Intl.Locale(e).maximize();return t===`zh`&&n===`Hant`?`zh-Hant`:t??`en`}var Pt=class{locale;language;sentenceLocale;#e;#t;constructor(e){let t=Nt(e);this.locale=e,this.language=t in X?t:`en`,this.sentenceLocale=t in X?e:`en`,this.#e=X[this.language]??X.en,this.#t=new Intl.PluralRules(this.language)}say(e,t={}){return this.#e[e].replace(/\{(\w+)\}/g,(e,n)=>t[n]??``)}counted(e,t,n={}){let r=this.#e[e];return(r[this.#t.select(t)]??r.other).replace(/\{(\w+)\}/g,(e,r)=>r===`n`?At(this.locale,t):n[r]??``)}},Ft=new Map;function It(e){let t=Ft.get(e);return t||Ft.set(e,t=new Pt(e)),t}var Lt=class{#e=``;#t=``;#n=[];push(e){let t=[],n=(this.#e+e).split(/\r\n|\n|\r/);this.#e=n.pop()??``;for(let e of n)e===``?this.#i(t):this.#r(e);return t}#r(e){let t=e.indexOf(`:`),n=t<0?e:e.slice(0,t),r=t<0?``:e.slice(t+1).replace(/^ /,``);n===`data`?this.#n.push(r):n===`event`&&(this.#t=r)}#i(e){this.#n.length>0&&e.push({type:this.#t||`message`,data:this.#n.join(`
`)}),this.#t=``,this.#n=[]}},Rt=13e3,zt=2500,Bt=2500,Vt=5e3,Ht=4e3,Ut=1e3,Wt=3e4,Gt=6e4,Kt=6e4,qt=6e4,Jt=1e3,Yt=`TOTALS_NOT_FOUND`,Xt=[`NOT_FOUND`,`INVALID_REQUEST`],Zt=8e3,Qt=class{health=`connecting`;heardAt=0;#e;#t;#n;#r;#i;#a;#o=!1;#s=!1;#c=!1;#l=!1;#u=0;#d=0;#f=0;#p=0;#m=0;#h=0;#g=!1;#_=0;#v=0;constructor(e){this.#e=e}get running(){return this.#t!==void 0}start(){if(this.#t)return;this.#t=new AbortController;let{signal:e}=this.#t;document.addEventListener(`visibilitychange`,()=>this.#y(!document.hidden),{signal:e}),addEventListener(`pageshow`,e=>e.persisted&&this.#y(!0),{signal:e}),addEventListener(`pagehide`,()=>this.#b(),{signal:e}),addEventListener(`online`,()=>this.reconnect(),{signal:e}),this.#x(),document.hidden&&this.#y(!1)}stop(){this.#t?.abort(),this.#t=void 0,this.#b()}reconnect(){!this.#t||this.#o||(this.#u=0,this.#s=!0,this.#h=Math.min(this.#h,Date.now()),this.#n?.abort(),this.#r?.())}#y(e){clearTimeout(this.#a),e?this.#o?this.#x():this.#c||this.reconnect():this.#a=setTimeout(()=>this.#b(),qt)}#b(){clearTimeout(this.#a),clearInterval(this.#i),this.#o=!0,this.#n?.abort(),this.#r?.()}#x(){this.#o=!1,this.#u=0,this.#_=this.#v=this.#m=Date.now(),this.#h=this.#_,this.#i=setInterval(()=>this.#j(),Jt),this.#S(this.#i)}async#S(e){let t=()=>this.#o||this.#i!==e;for(;!t();){let e=await this.#T();if(t())return;this.#s||(this.#u=e?0:this.#u+1,await this.#w(this.#C()))}}#C(){if(this.health===`absent`)return Gt*(1+Math.random()/2);let e=Math.min(Ut*2**(this.#u-1),Wt)*(.5+Math.random()/2);return Math.max(e,this.#d)}#w(e){return new Promise(t=>{let n=()=>{clearTimeout(r),this.#r=void 0,t()},r=setTimeout(n,e);this.#r=n})}async#T(){let e=this.#n=new AbortController;this.#c=this.#l=this.#s=!1,this.#d=0,this.#_=this.#f=Date.now();try{let t=await fetch(this.#e.stream(),{headers:{accept:`text/event-stream`},cache:`no-store`,signal:e.signal}),n=t.headers.get(`content-type`)?.startsWith(`text/event-stream`);t.ok&&n&&t.body?(Ct(t.headers.get(`date`)),await this.#E(t.body)):await this.#k(t)}catch{}let t=this.#c;return this.#c=!1,this.#_=Date.now(),t&&!this.#l&&(this.#v=this.#_),e.abort(),t}async#E(e){let t=new Lt,n=new TextDecoder,r=e.getReader();for(;;){let{done:e,value:i}=await r.read();if(e)return;this.#f=Date.now();for(let e of t.push(n.decode(i,{stream:!0})))this.#D(e),this.#c=!0;this.#c&&!this.#l&&this.#L()}}#D(e){e.type===`stale`?this.#O(JSON.parse(e.data)):e.type===`current`?this.#l=!1:this.#e.onEvent(e)}#O(e){this.#l=!0;let t=z(e)?Date.parse(String(e.asOf)):NaN;t<=J()&&(this.heardAt=t),this.health=`unavailable`,this.#e.onHealth()}async#k(e){let t=Number(e.headers.get(`retry-after`)??0)||0;this.#d=Math.min(t*1e3,Kt),(e.status===404||e.status===400)&&Xt.includes($t(await e.text()))&&this.#A(e)}#A(e){this.#R(`absent`),e.status===400&&console.error(`totals: ${e.url} was refused`,e.status)}#j(){let e=Date.now(),t=e-this.#m>Zt;this.#m=e,t?this.reconnect():e-this.#f>Rt&&this.#n?.abort();let n=this.health===`absent`&&this.#r!==void 0;if(this.#c||n)return;let r=e-this.#_<zt&&this.#u===0;e>=this.#h&&!r&&this.#N();let i=this.health===`connecting`?Ht:7500;e-this.#M()>i&&this.#I()}#M(){return Math.max(this.#v,this.#p)}async#N(){if(!this.#g){this.#g=!0;try{let e=await fetch(this.#e.read(),{cache:`no-store`,signal:AbortSignal.timeout(Vt)}),t=await e.text();if(!this.#t||this.#c)return;let n=e.status===404||e.status===400?$t(t):void 0;Xt.includes(n)?this.#A(e):n===Yt?this.#P(()=>this.#e.onNothing()):e.ok?this.#P(()=>this.#e.onRead(L(t))):this.#F()}catch{this.#F()}finally{this.#g=!1;let e=this.health===`connecting`||Date.now()-this.#M()<zt;this.#h=Date.now()+(e?Jt:Bt*(1+Math.random()))}}}#P(e){e();let t=this.health===`unavailable`;this.#L(),t&&this.reconnect()}#F(){this.#t&&!this.#c&&Date.now()-this.#M()>zt&&this.#I()}#I(){this.health!==`absent`&&this.#R(`unavailable`)}#L(){this.#p=Date.now(),this.heardAt=J(),this.#R(`live`)}#R(e){this.health!==e&&(this.health=e,this.#e.onHealth())}};function $t(e){try{let t=JSON.parse(e);return!z(t)||t.success!==!1||!z(t.error)?void 0:String(t.error.code)}catch{return}}var en=100,tn=8e3,nn=100,rn=`no-totals`,an=[`message`,rn],on=`sum`,sn=1e4,cn=5e3,ln=class{value;doubted;listeners=new Set;trust(){clearTimeout(this.doubted?.timer),this.doubted=void 0}},un=class{topics=new Map;channel;#e;#t=0;#n=!1;#r=[];#i;#a=0;#o=new Set;constructor(e,t){let n=()=>[...this.topics.keys()];this.channel=new Qt({stream:()=>e(this.#r=n()).stream,read:()=>e(n()).read,onEvent:e=>{an.includes(e.type)&&t(this,L(e.data),e)},onRead:e=>t(this,e.data),onNothing:()=>this.nothing(),onHealth:()=>this.changed(...this.topics.values())})}add(e,t,n){let r=this.topics.get(e),i=r??new ln;i.listeners.add(t),i.value===void 0&&n!==void 0&&(i.value=n,this.#a=J()),i.value!==void 0&&t(this.view(i)),r||(this.topics.set(e,i),this.#s())}#s(){this.#n||(this.#n=!0,queueMicrotask(()=>{this.#n=!1,this.channel.running?this.channel.reconnect():this.topics.size>0&&this.channel.start()}))}remove(e,t){let n=this.topics.get(e);return n?.listeners.delete(t),n?.listeners.size===0&&(n.trust(),this.topics.delete(e)),this.topics.size>0?(this.#i??=setTimeout(()=>this.#c(),cn),!1):(this.channel.stop(),clearTimeout(this.#i),clearTimeout(this.#e),!0)}#c(){this.#i=void 0,this.#r.some(e=>!this.topics.has(e))&&this.channel.reconnect()}offer(e,t){this.topics.get(e)?.value===void 0&&this.set(e,t)}nothing(e=[]){for(let[t,{value:n}]of this.topics)n===void 0&&!e.includes(t)&&this.set(t,null)}set(e,t){let n=this.topics.get(e);if(!n)return;n.trust();let r=n.value===void 0;r&&(this.#a=J()),n.value=t,r?this.#u(n):this.changed(n)}view(e){return{value:e.value,health:this.channel.health,heardAt:this.channel.heardAt||this.#a}}changed(...e){for(let t of e)this.#o.add(t);let t=this.#t+nn-Date.now();this.#e??=setTimeout(()=>this.#l(),Math.max(0,Math.min(t,nn)))}#l(){this.#e=void 0,this.#t=Date.now();let e=[...this.#o];this.#o.clear();for(let t of e)this.#u(t)}#u(e){for(let t of[...e.listeners])t(this.view(e))}};function dn(e){return!e.includes(`,`)&&new TextEncoder().encode(e).length<=256}function fn(e){return[...e].reduce((e,t)=>e+encodeURIComponent(t).length+1,0)}function pn(e){if(e===void 0)throw Error(`this is no answer of the API`);return e}function mn(e,t){let n=pn(H(t)),r=e.topics.get(n.id);return r&&(r.value&&lt(n,r.value)?(r.doubted??={value:n,timer:setTimeout(()=>r.doubted&&e.set(n.id,r.doubted.value),sn)},r.doubted.value=n):e.set(n.id,n)),n.id}function hn(e,t,n){n?.type===rn?z(t)&&e.set(String(t.campaignId),null):n?mn(e,t):gn(e,t)}function gn(e,t){let n=z(t)&&Array.isArray(t.totals)?t.totals:[t];e.nothing(n.map(t=>mn(e,t)))}var _n=class{#e;#t=[];#n=new Map;#r=new Map;#i;constructor(e){this.#e=e}watchCampaign(e,t,n=this.#r.get(e)){let r=this.#o(e);return r.add(e,t,n),this.#r.delete(e),()=>{r.remove(e,t)&&this.#t.splice(this.#t.indexOf(r),1)}}offerCampaign(e){let t=this.#t.find(({topics:t})=>t.has(e.id));t?t.offer(e.id,e):this.#r.set(e.id,e)}offerSum(e){let t=this.#n.get(on);t?t.offer(on,e):this.#i=e}watchSum(e){let t=()=>({stream:`${this.#e}/api/totals/stream`,read:`${this.#e}/api/totals`}),n=this.#i;return this.#i=void 0,this.#s(on,t,ot,e,n)}watchDonations(e,t){if(!at(e))return t({value:void 0,health:`absent`,heardAt:0}),()=>void 0;let n=`${this.#e}/api/totals/campaigns/${encodeURIComponent(e)}/donations`;return this.#s(`donations ${e}`,()=>({stream:`${n}/stream`,read:n}),st,t)}#a(e){let[t=``]=e;if(!dn(t)){let e=`${this.#e}/api/totals/campaigns/${encodeURIComponent(t)}`;return{stream:`${e}/stream`,read:e}}let n=`ids=${e.map(encodeURIComponent).join(`,`)}`;return{stream:`${this.#e}/api/totals/stream?${n}`,read:`${this.#e}/api/totals/campaigns?${n}`}}#o(e){let t=this.#t.find(({topics:t})=>t.has(e))??(dn(e)?this.#t.find(({topics:t})=>t.size<en&&[...t.keys()].every(dn)&&fn([...t.keys(),e])<tn):void 0);if(t)return t;let n=new un(e=>this.#a(e),hn);return this.#t.push(n),n}#s(e,t,n,r,i){let a=this.#n.get(e)??new un(t,(t,r,i)=>t.set(e,i?.type===rn?null:pn(n(r))));return this.#n.set(e,a),a.add(e,r,i),()=>{a.remove(e,r)&&this.#n.delete(e)}}},vn=new Map;function Z(e){let t=vn.get(e);return t||vn.set(e,t=new _n(e)),t}var yn=``,Q=class extends M{static properties={campaign:{type:String,noAccessor:!0},server:{type:String},view:{state:!0}};#e=``;locale=`en`;#t;#n=``;#r;constructor(){super(),this.server=``}get campaign(){return this.#e}set campaign(e){let t=this.#e;this.#e=String(e??``),this.requestUpdate(`campaign`,t)}get words(){return It(this.locale)}get state(){if(this.isInvalid)return`invalid`;let{value:e,health:t}=this.view??{},n=t===`unavailable`||t===`absent`;return e===void 0?n?t:`loading`:n?`stale`:this.isNothing(e)?`none`:`live`}get isInvalid(){return!this.campaign}connectedCallback(){super.connectedCallback(),this.locale=Ge(this),this.#r=new MutationObserver(()=>{let e=Ge(this);e!==this.locale&&(this.locale=e,this.requestUpdate())}),this.#i(this.#r),this.#o()}#i(e){for(let t=this;t;){let n=t.getRootNode();e.observe(n,{subtree:!0,attributeFilter:[`lang`]}),t=n instanceof ShadowRoot?n.host:void 0}}disconnectedCallback(){super.disconnectedCallback(),this.#r?.disconnect(),this.#s()}willUpdate(e){this.isConnected&&this.#a!==this.#n&&(this.#s(),this.view=void 0,this.left?.(),this.#o())}updated(){this.dataset.state=this.state}get#a(){return`${this.server} ${this.campaign}`}#o(){if(this.#n=this.#a,this.isInvalid)return;let e=String(this.server??``).replace(/\/+$/,``)||yn;this.#t=this.watch(Z(e),e=>{this.viewed?.(e),this.view=e})}#s(){this.#t?.(),this.#t=void 0}},bn=o`
  ol {
    list-style: none;
    margin: 0;
    padding: 0;
  }
  li {
    display: flex;
    justify-content: var(--totals-list-align, space-between);
    align-items: baseline;
    gap: 1em;
    padding-block: 0.6em;
    border-block-end: 1px solid var(--totals-line, color-mix(in srgb, currentcolor 14%, transparent));
  }
  .amount {
    font-weight: 640;
    white-space: nowrap;
  }
  .who {
    min-inline-size: 0;
    display: flex;
    flex-wrap: wrap;
    justify-content: flex-end;
    gap: 0 0.6em;
    color: var(--soft);
    text-align: end;
  }
  .name {
    min-inline-size: 0;
    max-inline-size: 100%;
    overflow-wrap: anywhere;
    overflow-x: clip;
    color: var(--totals-name, inherit);
  }
  .amount,
  .name {
    transition: color 0.4s;
  }
  :host([data-state="stale"]) :is(.amount, .name) {
    color: var(--soft);
  }
  time {
    white-space: nowrap;
    font-size: 0.9em;
  }
  .empty {
    margin: 0;
    color: var(--soft);
  }
`,xn=o`
  :host {
    --accent: var(--totals-accent, #0b6e4f);
    --track: var(--totals-track, rgb(127 127 127 / 0.25));
    --glow: var(--totals-glow, #d69a1e);
    --joy: var(--totals-joy, inherit);
    --soft: var(--totals-soft, inherit);
    display: block;
    font-variant-numeric: tabular-nums lining-nums;
  }
  /* Browsers of 2024 and later follow the page's color-scheme; the programs that broadcasters use are often older. */
  @supports (color: light-dark(red, red)) {
    :host {
      --accent: var(--totals-accent, light-dark(#0b6e4f, #5fd3a6));
      --track: var(--totals-track, color-mix(in srgb, var(--accent) 18%, transparent));
      --glow: var(--totals-glow, light-dark(#d69a1e, #f2c14e));
      --joy: var(--totals-joy, light-dark(#7a4f0a, #f2c14e));
      --soft: var(--totals-soft, color-mix(in srgb, currentcolor 72%, transparent));
    }
  }
  :host([hidden]) {
    display: none;
  }
  /* The place of a first value. It is seen only if the value takes long. */
  :host([data-state="loading"]) .number:empty::after,
  :host([data-state="loading"]) .tube {
    animation: come 0.5s ease-out 0.4s both, breathe 1.6s ease-in-out 0.9s infinite alternate;
  }
  @keyframes come {
    from {
      opacity: 0;
    }
  }
  @keyframes breathe {
    to {
      opacity: 0.45;
    }
  }
  @media (prefers-reduced-motion: reduce) {
    :host([data-state="loading"]) .number:empty::after,
    :host([data-state="loading"]) .tube {
      animation: come 0s 0.4s both;
    }
  }
  .spoken {
    position: absolute;
    inline-size: 1px;
    block-size: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  .error {
    color: #a4161a;
    font-size: 1rem;
  }
`,Sn=15e3,Cn=1e3,wn=3,Tn=10,En=class extends Q{static properties={...Q.properties,limit:{type:Number},currency:{state:!0}};static styles=[xn,bn];#e;#t=new WeakSet;constructor(){super(),this.limit=Tn,this.currency=``}get state(){return!this.isInvalid&&this.view?.health===`absent`?`absent`:super.state}watch(e,t){let n=({value:e})=>{e&&(this.currency=e.currency)},r=new kt(Cn,t),i=[e.watchCampaign(this.campaign,n),e.watchDonations(this.campaign,e=>r.set(e)),()=>r.stop()];return()=>i.forEach(e=>e())}isNothing(e){return e===null||e.length===0}connectedCallback(){super.connectedCallback(),this.#e=setInterval(()=>this.requestUpdate(),Sn)}disconnectedCallback(){super.disconnectedCallback(),clearInterval(this.#e)}render(){let{state:e,words:t}=this;if(e===`invalid`)return T`<span class="error" part="error">&lt;${this.localName}&gt;: campaign="…" is missing</span>`;if(e===`absent`||e===`loading`)return D;if(e===`none`||e===`unavailable`)return T`<p class="empty" part="empty" lang=${t.language}>${t.say(e)}</p>`;let n=Number.isInteger(this.limit)&&this.limit>0?this.limit:Tn,r=wt((this.view?.value??[]).slice(0,n)),i=J();return T`<ol part="list">
      ${Ue(r,({key:e})=>e,({donation:e})=>this.#n(e,i))}
    </ol>`}updated(){super.updated();let e=[...this.renderRoot.querySelectorAll(`li`)],t=e.filter(e=>!this.#t.has(e));if(this.#t=new WeakSet(e),t.length>wn||Y())return;let n={opacity:0,background:`color-mix(in srgb, var(--glow) 30%, transparent)`};for(let e of t)e.animate([n,{}],{duration:600,easing:`ease-out`})}#n({minor:e,name:t,at:n},r){let{locale:i,words:a}=this;return T`<li part="item">
      <span class="amount" part="amount" dir=${I(i)}>${this.currency&&G(i,this.currency,e,`round`)}</span>
      <span class="who" part="who">
        ${t?T`<bdi class="name" part="name" dir="auto">${t}</bdi>`:T`<span class="name" part="name" lang=${a.language}>${a.say(`anonymous`)}</span>`}
        <time part="time" lang=${a.language} datetime=${new Date(n).toISOString()}>${vt(a.sentenceLocale,Math.min(n,r),r,6e4)}</time>
      </span>
    </li>`}},Dn=o`
  .track {
    position: relative;
    block-size: var(--totals-bar-size, 0.75rem);
    transition: opacity 0.4s;
    /* All of the bar is backgrounds, which printers leave out otherwise. */
    print-color-adjust: exact;
  }
  .tube {
    position: absolute;
    inset: 0;
    overflow: hidden;
    border-radius: 99px;
    background: var(--track);
  }
  .fill,
  .beyond {
    position: absolute;
    inset-block: 0;
    inset-inline-start: 0;
    border-radius: 99px;
    transition: inline-size 0.7s cubic-bezier(0.2, 0.8, 0.2, 1);
  }
  .fill {
    inline-size: var(--fill, 0%);
    background: var(--accent);
  }
  /* Something is never shown as nothing. */
  .some .fill {
    min-inline-size: var(--totals-bar-size, 0.75rem);
  }
  .over .fill {
    border-start-end-radius: 0;
    border-end-end-radius: 0;
  }
  .beyond {
    inline-size: var(--beyond, 0%);
    background: var(--glow);
  }
  .mark {
    --thick: max(3px, var(--totals-bar-size, 0.75rem) * 0.08);
    display: none;
    position: absolute;
    inset-block: -35%;
    inset-inline-start: calc(var(--fill) - var(--thick) / 2);
    inline-size: var(--thick);
    border-radius: 99px;
    background: currentcolor;
    transition: inset-inline-start 0.7s cubic-bezier(0.2, 0.8, 0.2, 1);
  }
  .over .mark {
    display: block;
  }
  .still :is(.fill, .beyond, .mark) {
    transition: none !important;
  }
  .joy .tube {
    animation: joy 1.6s ease-out 2;
  }
  @keyframes joy {
    0% {
      box-shadow: 0 0 0 0 color-mix(in srgb, var(--glow) 70%, transparent);
    }
    100% {
      box-shadow: 0 0 0 1.2em transparent;
    }
  }
  .caption {
    display: flex;
    flex-wrap: wrap;
    justify-content: var(--totals-caption-align, space-between);
    gap: 0 1em;
    margin-block-start: 0.45em;
    color: var(--soft);
  }
  .joyful {
    color: var(--joy);
    font-weight: 640;
  }
  /* All of the bar at once, or its parts would show through each other. */
  :host([data-state="stale"]) .track {
    opacity: 0.6;
  }
  :host([data-state="stale"]) .joyful {
    color: var(--soft);
  }
  /* An empty bar beside words that nothing is known would look like nothing raised. */
  :host([data-state="unavailable"]) .track {
    visibility: hidden;
  }
  :host([orientation="vertical"]) .track {
    inline-size: var(--totals-bar-size, 2.4rem);
    block-size: var(--totals-bar-length, 18rem);
    margin-inline: auto;
    margin-block-end: calc(var(--totals-bar-size, 2.4rem) * 1.3);
  }
  :host([orientation="vertical"]) .track::after {
    content: "";
    position: absolute;
    inset-block-start: calc(100% - var(--totals-bar-size, 2.4rem) * 0.75);
    inset-inline: calc(var(--totals-bar-size, 2.4rem) * -0.4);
    aspect-ratio: 1;
    border-radius: 50%;
    background: var(--accent);
  }
  :host([data-state="loading"]) .track::after {
    content: none;
  }
  :host([orientation="vertical"]) :is(.fill, .beyond) {
    inset: auto 0 0;
    inline-size: auto;
    border-radius: 0;
    transition: block-size 0.7s cubic-bezier(0.2, 0.8, 0.2, 1);
  }
  :host([orientation="vertical"]) .fill {
    block-size: var(--fill, 0%);
  }
  :host([orientation="vertical"]) .beyond {
    block-size: var(--beyond, 0%);
  }
  :host([orientation="vertical"]) .mark {
    inset: auto -22% calc(var(--fill) - var(--thick) / 2);
    inline-size: auto;
    block-size: var(--thick);
  }
  :host([orientation="vertical"]) .caption {
    justify-content: center;
    text-align: center;
  }
  @media (forced-colors: active) {
    .tube {
      outline: 1px solid CanvasText;
    }
    .fill,
    .beyond {
      forced-color-adjust: none;
      background: Highlight;
    }
    /* In these colours no second one is sure to differ from the first. */
    .beyond {
      background: repeating-linear-gradient(135deg, Highlight 0 0.15em, Canvas 0.15em 0.4em);
    }
    .mark {
      background: CanvasText;
    }
  }
  @media (prefers-reduced-motion: reduce) {
    .fill,
    .beyond,
    .mark {
      transition: none;
    }
    .joy .tube {
      animation: none;
    }
  }
`,$=1e4,On=class extends Q{static properties={...Q.properties,orientation:{type:String,reflect:!0},bare:{type:Boolean},brief:{type:Boolean}};static styles=[xn,Dn];watch(e,t){return e.watchCampaign(this.campaign,t)}isNothing(e){return e===null||e.minor===0n}#e=!1;viewed({value:e}){let t=this.view?.value;this.#e=e!==void 0&&U(e,t),t?.goal&&e?.goal&&(W(t.minor,t.goal)>=$||W(e.minor,e.goal)<$||(this.dispatchEvent(new CustomEvent(`goal-reached`,{bubbles:!0,composed:!0})),this.renderRoot.querySelector(`.track`)?.classList.add(`joy`)))}render(){if(this.isInvalid)return T`<span class="error" part="error">&lt;${this.localName}&gt;: campaign="…" is missing</span>`;let{value:e}=this.view??{};if(e===void 0&&this.state!==`absent`)return this.#t();if(!e?.goal)return D;let t=W(e.minor,e.goal),n=this.words.say(`ofGoal`,{percent:Mt(this.locale,t),amount:G(this.locale,e.currency,e.goal,`round`)});return T`<div
        class="track ${e.minor>0n?`some`:``} ${t>$?`over`:``} ${this.#e?`still`:``}"
        part="track"
        role="progressbar"
        lang=${this.words.language}
        aria-label=${[e.title,this.words.say(`progress`)].filter(Boolean).join(`: `)}
        aria-valuemin="0"
        aria-valuemax="100"
        aria-valuenow=${Math.min(100,Math.floor(t/100))}
        aria-valuetext=${n}
      >
        <div class="tube"><div class="beyond" part="beyond"></div><div class="fill" part="fill"></div></div>
        <div class="mark" part="mark"></div>
      </div>
      ${this.bare?D:this.#n(e,e.goal,t)}`}#t(){return T`<div class="track" part="track" aria-hidden="true"><div class="tube"></div></div>
      ${this.bare?D:T`<div class="caption" part="caption" aria-hidden="true">\u00a0</div>`}`}#n(e,t,n){let r=G(this.locale,e.currency,t,`round`),i=this.isNothing(e)?this.words.say(`goal`,{amount:r}):this.words.say(`ofGoal`,{percent:jt(this.locale,n),amount:r}),a=G(this.locale,e.currency,e.minor-t,`round`),o=n>$&&!this.brief?this.words.say(`beyond`,{amount:a}):this.words.say(`reached`);return T`<div class="caption" part="caption" lang=${this.words.language} aria-hidden="true">
      <span class="share" part="share">${i}</span>${n>=$?T`<span class="joyful" part="reached">${o}</span>`:D}
    </div>`}updated(){super.updated();let e=this.renderRoot.querySelector(`.track`),t=this.view?.value;if(!e||!t?.goal)return;let n=W(t.minor,t.goal);this.dataset.percent=(n/100).toString();let r=n>$?Math.max(4,1e6/n):n/100;e.style.setProperty(`--fill`,`${r}%`),e.style.setProperty(`--beyond`,n>$?`100%`:`0%`)}},kn=class{#e=0n;#t=0;#n;#r=-1/0;#i;#a;constructor(e,t){this.#i=e,this.#a=t}add(e){if(this.#e+=e,this.#t+=1,this.#n!==void 0)return;let t=this.#r+this.#i-Date.now();t<=0?this.#o():this.#n=setTimeout(()=>this.#o(),t)}stop(){clearTimeout(this.#n),this.#n=void 0,this.#e=0n,this.#t=0}#o(){let[e,t]=[this.#e,this.#t];this.stop(),this.#r=Date.now(),e!==0n&&this.#a(e,t)}},An=class{#e;#t=``;constructor(e){this.#e=e}show(e,t,n,r=`exact`){let i=pt(e,t,n,r),a=i.map(({kind:e})=>e).join(` `);(a!==this.#t||this.#e.childElementCount!==i.length)&&(this.#t=a,this.#e.replaceChildren(...i.map(({kind:e})=>jn(e)))),i.forEach(({text:e},t)=>{let n=this.#e.children[t]?.firstChild;n instanceof Text&&n.data!==e&&(n.data=e)})}static shape(e,t,n){return mt(G(e,t,n))}};function jn(e){let t=document.createElement(`span`);return t.append(``),t.className=e,t.setAttribute(`part`,e),e===`symbol`&&(t.dir=`auto`),t}var Mn=class{#e;#t;#n;constructor(e,t){this.#e=e,this.#t=t,this.#n=new ResizeObserver(()=>this.measure()),this.#n.observe(e)}measure(){this.#t.style.removeProperty(`font-size`);let{paddingInlineStart:e,paddingInlineEnd:t}=getComputedStyle(this.#e),n=this.#e.clientWidth-parseFloat(e)-parseFloat(t),r=this.#e.clientHeight,i=this.#t.getBoundingClientRect(),a=Math.max(n>0&&i.width>n+1?i.width/n:1,r>0&&i.height>r+1?i.height/r:1);a>1&&(this.#t.style.fontSize=`${(.99/a).toFixed(4)}em`)}stop(){this.#n.disconnect()}},Nn=o`
  :host {
    position: relative;
  }
  /* The room's size is the largest that the number may have. Its line takes the height of the number alone. */
  .room {
    font-size: var(--totals-number-size, clamp(2.25rem, 8vw, 4.5rem));
    line-height: 0;
    white-space: nowrap;
  }
  .number {
    display: inline-block;
    line-height: 1.14;
    position: relative;
    inset-inline-start: -0.03em;
    font-weight: var(--totals-number-weight, 680);
    letter-spacing: -0.03em;
    transition: color 0.4s;
    unicode-bidi: isolate;
  }
  .number:empty::before {
    content: "\\200b";
  }
  :host([data-state="loading"]) .number:empty::after {
    content: "";
    display: inline-block;
    inline-size: 3em;
    block-size: 0.72em;
    margin-inline-start: 0.03em;
    border-radius: 0.08em;
    background: var(--track);
  }
  .number.words {
    font-size: 0.55em;
    font-weight: 600;
    letter-spacing: -0.01em;
    white-space: normal;
  }
  .symbol {
    font-weight: 560;
  }
  .cents {
    font-size: 0.5em;
    font-weight: 560;
    vertical-align: 0.62em;
    letter-spacing: -0.01em;
    color: var(--soft);
  }
  :host([data-state="stale"]) .number {
    color: var(--soft);
  }
  .line {
    position: relative;
    display: flex;
    align-items: baseline;
    justify-content: var(--totals-align, flex-start);
    min-block-size: 1.6em;
    line-height: 1.6;
    color: var(--soft);
  }
  /* A chip takes no room, so nothing moves when it comes: behind the words, or over their end where there is no room behind. */
  .chip {
    position: absolute;
    inset-block-start: 0;
    inset-inline-end: 0;
    opacity: 0;
    padding-inline: 0.7em;
    border-radius: 99px;
    font-weight: 640;
    white-space: nowrap;
    color: var(--joy);
    background: linear-gradient(var(--chip), var(--chip)) var(--totals-paper, Canvas);
    --chip: color-mix(in srgb, var(--glow) 22%, transparent);
  }
  @media (min-width: 40rem) {
    .behind {
      position: relative;
      align-self: stretch;
    }
    .chip {
      inset-inline: 0.8em auto;
    }
    .detail:empty + .behind .chip {
      inset-inline-start: 0;
    }
  }
  .chip.less {
    color: inherit;
    --chip: color-mix(in srgb, currentcolor 12%, transparent);
  }
  /* Where there is little room below the number, the chip comes beside it. */
  :host([beside]) .room {
    padding-inline-end: min(42%, 7.75rem);
  }
  :host([beside]) :is(.line, .behind) {
    position: static;
  }
  :host([beside]) .chip {
    font-size: 0.88em;
    inset-block-start: 0.45em;
    inset-inline: auto 0;
  }
  /* Where the words are in the middle, the chip comes over them. */
  :host([over]) .behind {
    position: static;
  }
  :host([over]) .chip {
    inset-inline: 0;
    margin-inline: auto;
    inline-size: fit-content;
  }
  /* Where there is no room behind the counts, the chip has a line of its own below them. */
  @media (max-width: 39.99rem) {
    :host([details]:not([beside], [over], [inline])) .line {
      padding-block-end: 1.7em;
    }
    :host([details]:not([beside], [over], [inline])) .chip {
      inset: auto auto 0 0;
      inset-inline: 0 auto;
    }
  }
  :host([inline]) {
    display: inline;
  }
  :host([inline]) .room,
  :host([inline]) .line {
    display: inline;
    font-size: inherit;
    line-height: inherit;
    margin: 0;
  }
  :host([inline]) .line {
    margin-inline-start: 0.5em;
  }
  :host([inline][data-state="live"]) .line,
  :host([inline][data-state="none"]) .line {
    display: none;
  }
  :host([inline]) .number,
  :host([inline]) .words {
    display: inline;
    font-size: inherit;
    font-weight: inherit;
    letter-spacing: inherit;
  }
  :host([inline]) :is(.cents, .symbol) {
    font-size: inherit;
    font-weight: inherit;
    vertical-align: baseline;
    color: inherit;
  }
`,Pn=1e4,Fn=1e3,In=4e3,Ln=class extends Q{static properties={...Q.properties,details:{type:Boolean},quiet:{type:Boolean},over:{type:Boolean,reflect:!0}};static styles=[xn,Nn];#e;#t;#n;#r=``;#i=``;#a;#o;#s;#c=new Ot(e=>this.#h(e));#l=new kn(Fn,e=>this.#v(e));#u=new kt(Pn,e=>this.#b(e));constructor(){super(),this.details=!1,this.quiet=!1,this.over=!1}reached(e){return!1}isNothing(e){return e===null||e.minor===0n}viewed({value:e}){let t=this.view?.value;if(e===void 0||t===void 0)return;let n=U(e,t),r=e!==null&&this.#s!==void 0&&!U(e,this.#s);if(n&&(this.#s??=t??void 0),r&&(this.#s=void 0),(n||r)&&this.#d(),e===null||n||r)return;let i=e.minor-(t?.minor??0n);i!==0n&&(this.dispatchEvent(new CustomEvent(`totals-change`,{bubbles:!0,composed:!0,detail:{change:i}})),this.#l.add(i))}left(){this.#d(),this.#u.reset(),this.#b(``),this.#s=this.#a=void 0,this.#e?.replaceChildren(),this.#e?.classList.remove(`words`),delete this.dataset.amountMinor}#d(){this.#c.reset(),this.#l.stop(),this.#o?.cancel()}disconnectedCallback(){super.disconnectedCallback(),this.#c.reset(),this.#l.stop(),this.#u.stop(),this.#n?.stop(),this.#e=void 0}render(){if(this.isInvalid)return T`<span class="error" part="error">&lt;${this.localName}&gt;: campaign="…" is missing</span>`;let e=this.words.language;return T`<div class="room" part="room"><span class="number" part="number" aria-hidden="true"></span></div>
      <div class="line" part="line" lang=${e}>
        <span class="detail" part="detail">${this.#f()}</span
        ><span class="behind"><span class="chip" part="chip" aria-hidden="true"></span></span>
      </div>
      <span class="spoken" lang=${e} role=${this.quiet?D:`status`} aria-live=${this.quiet?D:`polite`}></span>`}#f(){let{value:e,heardAt:t=0}=this.view??{};return this.state===`unavailable`||this.state===`absent`?this.words.say(`unavailable`):this.state===`stale`&&!this.quiet?this.words.say(`lastKnown`,{time:bt(this.words.sentenceLocale,t,J())}):e&&this.details&&!this.isNothing(e)?this.counts(e):``}updated(){super.updated();let e=this.renderRoot.querySelector(`.number`),t=this.renderRoot.querySelector(`.room`);e&&t&&(e!==this.#e&&(this.#n?.stop(),this.#c.reset(),this.#e=e,this.#t=new An(e),this.#n=new Mn(t,e)),this.#p(e))}#p(e){let t=this.view?.value;if(e.dir=I(this.locale),t===void 0)return;this.dataset.amountMinor=(t?.minor??0n).toString();let n=this.isNothing(t);e.classList.toggle(`words`,n),this.#i!==this.locale&&this.#c.reset(),this.#i=this.locale,t&&!n?this.#c.to(t.minor):this.#g(e),this.#m(t,n)}#m(e,t){let n=e&&!t?G(this.locale,e.currency,e.minor):this.words.say(`none`),r=this.renderRoot.querySelector(`.detail`)?.textContent,i=e?this.reached(e):!1,a=[e?this.subject(e):``,n,r,i?this.words.say(`reached`):``];this.#u.set(a.filter(Boolean).join(`, `)),i&&this.#a===!1&&this.#u.now(),this.#a=i}#h(e){let t=this.view?.value?.currency;t&&(this.#t?.show(this.locale,t,e),this.#_(An.shape(this.locale,t,e)))}#g(e){let t=this.words.say(`none`);this.#c.reset(),e.dir=I(this.words.language),e.textContent!==t&&(e.textContent=t),this.#_(t)}#_(e){e!==this.#r&&(this.#r=e,this.#n?.measure())}#v(e){let t=this.view?.value?.currency,n=this.renderRoot.querySelector(`.chip`);n&&t&&(n.textContent=G(this.locale,t,e,`signed`),n.classList.toggle(`less`,e<0n),n.dir=I(this.locale),this.#y(n))}#y(e){let t=this.#o?.playState===`running`,n=Y()?`none`:`translateY(0.4em)`,r={opacity:1,transform:`none`},i=t?r:{opacity:0,transform:n},a={duration:In,easing:`ease-out`};if(this.#o=e.animate([i,{...r,offset:.08},{...r,offset:.85},{opacity:0}],a),!this.over)return;let o={opacity:0},s=[t?o:{opacity:1},{...o,offset:.08},{...o,offset:.9},{opacity:1}];this.renderRoot.querySelector(`.detail`)?.animate(s,a)}#b(e){let t=this.renderRoot.querySelector(`.spoken`);t&&t.textContent!==e&&(t.textContent=e)}},Rn={"campaign-total":class extends Ln{watch(e,t){return e.watchCampaign(this.campaign,t)}subject({title:e}){return e??``}reached({minor:e,goal:t}){return t!==void 0&&e>=t}counts({donors:e,pledges:t}){let n=this.words.counted(`donations`,t);return e>0?`${this.words.counted(`donors`,e)} · ${n}`:n}},"campaign-thermometer":On,"campaign-donations":En,"platform-total":class extends Ln{get isInvalid(){return!1}watch(e,t){return e.watchSum(t)}subject(){return this.words.say(`raisedTogether`)}counts({pledges:e,campaigns:t}){return`${this.words.counted(`donations`,e)} · ${this.words.counted(`campaigns`,t)}`}}};function zn(){for(let[e,t]of Object.entries(Rn))customElements.get(e)||customElements.define(e,t)}var Bn=100;async function Vn(e){let t=await fetch(e);Ct(t.headers.get(`date`));let n=t.ok?L(await t.text()):void 0;return z(n)&&z(n.data)?n.data:{}}function Hn(e,t){let n=Vn(e).then(t).catch(()=>void 0);return Promise.race([n,new Promise(e=>setTimeout(e,Bn))])}function Un(){return Hn(`/api/totals`,e=>{let t=ot(e);t&&Z(``).offerSum(t)})}function Wn(e){return Hn(`/api/totals/campaigns?ids=${encodeURIComponent(e)}`,({totals:t})=>{let n=Array.isArray(t)?H(t[0]):void 0;n?.id===e&&Z(``).offerCampaign(n)})}export{Ge as C,Ae as D,M as E,D as O,I as S,Ue as T,z as _,Z as a,Ze as b,Y as c,vt as d,G as f,at as g,ct as h,Q as i,T as k,Tt as l,R as m,Un as n,It as o,H as p,zn as r,kt as s,Wn as t,J as u,it as v,We as w,qe as x,L as y};